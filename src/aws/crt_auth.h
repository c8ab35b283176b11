#pragma once

namespace lakegate {

// Starts the CRT's library of credentials and signatures, once.
void start_crt_auth();

}  // namespace lakegate
