#include "aws/credentials.h"

#include <aws/auth/credentials.h>
#include <aws/http/proxy.h>
#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "aws/crt_auth.h"
#include "aws/profile_files.h"
#include "net/crt_runtime.h"
#include "net/tls_context.h"

namespace lakegate {
namespace {

using Provider = CrtPtr<aws_credentials_provider, aws_credentials_provider_release>;

constexpr std::uint64_t kRefreshMilliseconds = std::uint64_t{15} * 60 * 1000;

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

Provider environment_provider() {
  aws_credentials_provider_environment_options options = {};
  return Provider(aws_credentials_provider_new_environment(aws_default_allocator(), &options));
}

// What may lead somewhere, in order. A provider that the configuration says nothing about is null.
std::vector<Provider> make_providers(const AwsSettings& settings, const ProfileFiles& files,
                                     CrtRuntime& runtime, aws_tls_ctx* tls) {
  aws_allocator* const allocator = runtime.allocator();
  const aws_byte_cursor profile = to_cursor(settings.profile);
  const proxy_env_var_settings proxy = {.env_var_type = AWS_HPEV_ENABLE};
  std::vector<Provider> providers;
  const auto add = [&](aws_credentials_provider* provider) {
    if (provider != nullptr) providers.emplace_back(provider);
  };
  add(environment_provider().release());

  aws_credentials_provider_sso_options sso = {};
  sso.profile_name_override = profile;
  sso.config_file_cached = files.collection();
  sso.bootstrap = runtime.bootstrap();
  sso.tls_ctx = tls;
  sso.proxy_ev_settings = &proxy;
  add(aws_credentials_provider_new_sso(allocator, &sso));

  if (const std::string session = files.property(settings.profile, "login_session");
      !session.empty()) {
    aws_credentials_provider_login_options login = {};
    login.login_session = to_cursor(session);
    login.login_region = to_cursor(settings.region);
    login.profile_name_override = profile;
    login.config_file_cached = files.collection();
    login.bootstrap = runtime.bootstrap();
    login.tls_ctx = tls;
    login.proxy_ev_settings = &proxy;
    add(aws_credentials_provider_new_login(allocator, &login));
  }

  aws_credentials_provider_process_options process = {};
  process.profile_to_use = profile;
  process.config_profile_collection_cached = files.collection();
  add(aws_credentials_provider_new_process(allocator, &process));

  aws_credentials_provider_profile_options keys = {};
  keys.profile_name_override = profile;
  keys.profile_collection_cached = files.collection();
  keys.bootstrap = runtime.bootstrap();
  keys.tls_ctx = tls;
  add(aws_credentials_provider_new_profile(allocator, &keys));

  aws_credentials_provider_sts_web_identity_options web = {};
  web.bootstrap = runtime.bootstrap();
  web.config_profile_collection_cached = files.collection();
  web.tls_ctx = tls;
  web.proxy_ev_settings = &proxy;
  web.profile_name_override = profile;
  web.region = to_cursor(settings.region);
  add(aws_credentials_provider_new_sts_web_identity(allocator, &web));

  aws_credentials_provider_ecs_environment_options container = {};
  container.bootstrap = runtime.bootstrap();
  container.tls_ctx = tls;
  if (is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
      is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
    add(aws_credentials_provider_new_ecs_from_environment(allocator, &container));
  } else if (const char* disabled = std::getenv("AWS_EC2_METADATA_DISABLED");
             disabled == nullptr || std::string_view(disabled) != "true") {
    aws_credentials_provider_imds_options machine = {};
    machine.bootstrap = runtime.bootstrap();
    add(aws_credentials_provider_new_imds(allocator, &machine));
  }
  return providers;
}

class ChainedCredentials : public CredentialsSource {
 public:
  ChainedCredentials(Provider chain, std::string profile)
      : chain_(std::move(chain)), profile_(std::move(profile)) {
    forget();
  }

  void get(std::function<void(Result<Credentials>)> done) override {
    struct Asking {
      std::function<void(Result<Credentials>)> done;
      std::string profile;
    };
    auto asking = std::make_unique<Asking>(Asking{std::move(done), profile_});
    const auto answer = [](aws_credentials* credentials, int error_code, void* user_data) {
      const std::unique_ptr<Asking> asked(static_cast<Asking*>(user_data));
      if (credentials == nullptr) return asked->done(none(asked->profile, error_code));
      aws_credentials_acquire(credentials);
      asked->done(Credentials(credentials, aws_credentials_release));
    };
    const Provider provider = cached();
    Asking* const passed = asking.release();
    if (aws_credentials_provider_get_credentials(provider.get(), answer, passed) != AWS_OP_SUCCESS)
      answer(nullptr, aws_last_error(), passed);
  }

  void forget() override {
    aws_credentials_provider_cached_options options = {};
    options.source = chain_.get();
    options.refresh_time_in_milliseconds = kRefreshMilliseconds;
    Provider fresh(aws_credentials_provider_new_cached(aws_default_allocator(), &options));
    const std::lock_guard guard(mutex_);
    cached_.swap(fresh);
  }

 private:
  static Failure none(const std::string& profile, int error_code) {
    return fail(ErrorKind::kPermanent,
                fmt::format("no AWS credentials: neither the environment (AWS_ACCESS_KEY_ID), nor "
                            "the profile \"{}\", nor a web identity, container or machine role has "
                            "any ({}); set them, or run `aws configure` or `aws sso login`",
                            profile, crt_message(error_code)));
  }
  Provider cached() {
    const std::lock_guard guard(mutex_);
    return Provider(aws_credentials_provider_acquire(cached_.get()));
  }

  Provider chain_;
  std::string profile_;
  std::mutex mutex_;
  Provider cached_;
};

}  // namespace

Result<std::unique_ptr<CredentialsSource>> CredentialsSource::open(const AwsSettings& settings) {
  start_crt_auth();
  // Keys in the environment win over everything else: then nothing else need be made (on Lambda
  // that is so, and a TLS context takes its time).
  if (is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY"))
    return std::make_unique<ChainedCredentials>(environment_provider(), settings.profile);
  LAKEGATE_TRY(CrtRuntime * runtime, CrtRuntime::start());
  LAKEGATE_TRY(const ProfileFiles files, ProfileFiles::read(aws_environment()));
  LAKEGATE_TRY(const TlsContext tls, make_tls_context({.file = settings.ca_file}));
  const std::vector<Provider> providers = make_providers(settings, files, *runtime, tls.get());
  std::vector<aws_credentials_provider*> links;
  for (const Provider& provider : providers) links.push_back(provider.get());
  aws_credentials_provider_chain_options options = {};
  options.providers = links.data();
  options.provider_count = links.size();
  Provider chain(aws_credentials_provider_new_chain(runtime->allocator(), &options));
  if (!chain)
    return fail(ErrorKind::kPermanent, fmt::format("AWS credentials cannot be looked for ({})",
                                                   crt_message(aws_last_error())));
  return std::make_unique<ChainedCredentials>(std::move(chain), settings.profile);
}

}  // namespace lakegate
