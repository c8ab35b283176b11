#include "cli/source_access.h"

#include "aws/kept_secrets.h"
#include "cli/wiring.h"

namespace lakegate::cli {
namespace {

class AllSecrets : public SecretSource {
 public:
  Result<std::string> get(const SecretRef& ref) override {
    if (ref.from == SecretRef::From::kSecretsManager) {
      LAKEGATE_TRY(const auto client, service("secretsmanager"));
      LAKEGATE_TRY(const std::string kept, secrets_manager_value(*client, ref.name));
      return usable_secret(ref, kept);
    }
    if (ref.from == SecretRef::From::kSsm) {
      LAKEGATE_TRY(const auto client, service("ssm"));
      LAKEGATE_TRY(const std::string kept, parameter_store_value(*client, ref.name));
      return usable_secret(ref, kept);
    }
    return local_->get(ref);
  }

 private:
  static Result<std::shared_ptr<ServiceClient>> service(std::string_view name) {
    LAKEGATE_TRY(const auto session, aws_session());
    return session->service(name);
  }

  std::unique_ptr<SecretSource> local_ = local_secrets();
};

class SessionSigner : public RequestSigner {
 public:
  Result<HttpRequest> sign(HttpRequest request, const AuthConfig::SigV4& scope) override {
    LAKEGATE_TRY(const auto session, aws_session());
    return session->sign(std::move(request), {.service = scope.service, .region = scope.region});
  }
};

}  // namespace

std::unique_ptr<SecretSource> open_secrets() {
  return std::make_unique<AllSecrets>();
}

std::unique_ptr<RequestSigner> open_signer() {
  return std::make_unique<SessionSigner>();
}

}  // namespace lakegate::cli
