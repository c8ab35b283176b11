// Requests as HTTP/2 sends them.
#pragma once

#include <aws/http/connection.h>
#include <aws/http/request_response.h>

#include "net/crt_handle.h"

namespace lakegate {

using HttpMessage = CrtPtr<aws_http_message, aws_http_message_release>;

// HTTP/2 remembers headers in a table (RFC 7541). The Common Runtime breaks the connection over one
// that is larger than the table, where it should send it without remembering it; so a request that
// has such a one is made anew and says so itself. Others are given back as they are, and so are all
// over HTTP/1.1. Null: aws_last_error() says why.
HttpMessage with_large_headers_sent_as_they_are(HttpMessage request,
                                                const aws_http_connection* connection);

}  // namespace lakegate
