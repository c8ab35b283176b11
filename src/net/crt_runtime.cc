#include "net/crt_runtime.h"

#include <aws/common/task_scheduler.h>
#include <aws/http/http.h>
#include <aws/io/channel_bootstrap.h>
#include <aws/io/event_loop.h>
#include <aws/io/host_resolver.h>
#include <fmt/format.h>

#include <memory>
#include <string>

namespace lakegate {
namespace {

struct PostedTask {
  aws_task task = {};
  std::function<void()> what;

  static void run(aws_task* /*task*/, void* self, aws_task_status /*status*/) {
    const std::unique_ptr<PostedTask> posted(static_cast<PostedTask*>(self));
    posted->what();
  }
};

}  // namespace

CrtRuntime::CrtRuntime() : allocator_(aws_default_allocator()) {
  aws_http_library_init(allocator_);
  const aws_event_loop_group_options group_options = {.loop_count = 1};
  group_ = aws_event_loop_group_new(allocator_, &group_options);
  if (group_ == nullptr) return;
  const aws_host_resolver_default_options resolver_options = {.max_entries = kHostsRemembered,
                                                              .el_group = group_};
  aws_host_resolver* resolver = aws_host_resolver_new_default(allocator_, &resolver_options);
  if (resolver == nullptr) return;
  const aws_client_bootstrap_options options = {.event_loop_group = group_,
                                                .host_resolver = resolver};
  loop_ = aws_event_loop_group_get_loop_at(group_, 0);
  bootstrap_ = aws_client_bootstrap_new(allocator_, &options);
}

Result<CrtRuntime*> CrtRuntime::start() {
  // Never destroyed: its thread may still be closing idle connections when the process ends.
  static CrtRuntime* const kRuntime = new CrtRuntime();
  if (kRuntime->bootstrap_ == nullptr)
    return fail(ErrorKind::kPermanent, fmt::format("the network's event loop cannot start ({})",
                                                   crt_message(aws_last_error())));
  return kRuntime;
}

void CrtRuntime::post(std::function<void()> what, std::chrono::nanoseconds delay) const {
  auto posted = std::make_unique<PostedTask>();
  posted->what = std::move(what);
  aws_task_init(&posted->task, PostedTask::run, posted.get(), "lakegate");
  aws_task* task = &posted.release()->task;
  std::uint64_t now = 0;
  if (delay <= std::chrono::nanoseconds(0) ||
      aws_event_loop_current_clock_time(loop_, &now) != AWS_OP_SUCCESS)
    aws_event_loop_schedule_task_now(loop_, task);
  else
    aws_event_loop_schedule_task_future(loop_, task,
                                        now + static_cast<std::uint64_t>(delay.count()));
}

bool CrtRuntime::on_event_loop() const {
  return aws_event_loop_thread_is_callers_thread(loop_);
}

std::string crt_message(int error_code) {
  return aws_error_str(error_code);
}

}  // namespace lakegate
