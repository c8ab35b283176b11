#include "aws/session.h"

#include <future>

#include "aws/settings.h"
#include "aws/signed_service.h"

namespace lakegate {
namespace {

class Session : public AwsSession {
 public:
  explicit Session(std::shared_ptr<AwsShared> shared) : shared_(std::move(shared)) {}

  const AwsSettings& settings() const override { return shared_->settings; }
  Result<std::shared_ptr<ServiceClient>> service(std::string_view service,
                                                 std::optional<HttpOrigin> origin) override {
    LAKEGATE_CHECK(shared_->settings.require_region());
    if (!origin) {
      LAKEGATE_TRY(origin, shared_->settings.endpoint(service));
    }
    return make_signed_service(shared_, std::string(service), std::move(*origin));
  }
  Result<HttpRequest> sign(HttpRequest request, const SigningScope& scope) override {
    std::promise<Result<Credentials>> got;
    shared_->credentials->get([&](Result<Credentials> found) { got.set_value(std::move(found)); });
    LAKEGATE_TRY(const Credentials credentials, got.get_future().get());
    const auto now = std::chrono::system_clock::now() + shared_->clock_offset.load();
    return lakegate::sign(std::move(request), scope, credentials, now, PayloadHash::kSigned);
  }
  void set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline) override {
    lakegate::set_deadline(shared_,
                           deadline.value_or(std::chrono::steady_clock::time_point::max()));
  }

 private:
  std::shared_ptr<AwsShared> shared_;
};

}  // namespace

Result<std::shared_ptr<AwsSession>> AwsSession::open() {
  auto shared = std::make_shared<AwsShared>();
  LAKEGATE_TRY(shared->settings, read_settings(aws_environment()));
  LAKEGATE_TRY(shared->http, HttpClient::create({.ca_file = shared->settings.ca_file}));
  LAKEGATE_TRY(shared->credentials, CredentialsSource::open(shared->settings));
  return std::make_shared<Session>(std::move(shared));
}

}  // namespace lakegate
