#include "cli/interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <utility>

namespace lakegate::cli {
namespace {

// What a signal handler may touch: lock-free atomics and fixed memory.
std::atomic<bool> g_interrupted{false};
std::atomic<int> g_unwinding{0};
std::atomic<LandingWatcher*> g_watcher{nullptr};
struct FileToRemove {
  std::atomic<bool> is_set{false};
  std::array<char, 4096> path{};
};
std::array<FileToRemove, 4> g_files;
static_assert(std::atomic<LandingWatcher*>::is_always_lock_free);

void on_signal(int) {
  const int saved_errno = errno;
  const bool is_first = !g_interrupted.exchange(true);
  if (!is_first || g_unwinding.load() == 0) {
    for (const FileToRemove& file : g_files)
      if (file.is_set.load()) ::unlink(file.path.data());
    ::_exit(kInterruptedCode);
  }
  if (LandingWatcher* watcher = g_watcher.load()) watcher->interrupt();
  errno = saved_errno;
}

Failure interruption() {
  return fail(ErrorKind::kPermanent, "interrupted");
}

class InterruptibleStream : public ByteStream {
 public:
  explicit InterruptibleStream(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    if (interrupted()) return interruption();
    return stream_->read(out);
  }
  std::uint64_t input_bytes() const override { return stream_->input_bytes(); }

 private:
  std::unique_ptr<ByteStream> stream_;
};

class InterruptibleInput : public Input {
 public:
  explicit InterruptibleInput(std::shared_ptr<Input> input) : input_(std::move(input)) {}
  const std::string& name() const override { return input_->name(); }
  std::uint64_t size() const override { return input_->size(); }
  Result<std::unique_ptr<ByteStream>> open() const override {
    LAKEGATE_TRY(auto stream, input_->open());
    return std::make_unique<InterruptibleStream>(std::move(stream));
  }
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (interrupted()) return interruption();
    return input_->read_at(offset, out);
  }

 private:
  std::shared_ptr<Input> input_;
};

class InterruptibleStore : public ObjectStore {
 public:
  explicit InterruptibleStore(std::unique_ptr<ObjectStore> store) : store_(std::move(store)) {}
  std::string describe() const override { return store_->describe(); }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) const override {
    return store_->list(prefix);
  }
  Result<ObjectInfo> head(const ObjectKey& key) const override { return store_->head(key); }
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override {
    LAKEGATE_TRY(auto input, store_->open(key));
    return std::make_shared<InterruptibleInput>(std::move(input));
  }
  Result<Blob> get(const ObjectKey& key) const override { return store_->get(key); }
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) override {
    return store_->create(key);
  }
  Result<void> put(const ObjectKey& key, std::string_view bytes) override {
    return store_->put(key, bytes);
  }
  Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) override {
    return store_->put_if_absent(key, bytes);
  }
  Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                            const std::string& tag) override {
    return store_->put_if_match(key, bytes, tag);
  }
  Result<void> remove(const ObjectKey& key) override { return store_->remove(key); }
  Result<std::unique_ptr<Lease>> lease(std::string_view name) override {
    return store_->lease(name);
  }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view name) override {
    return store_->try_lease(name);
  }
  Result<void> sweep() override { return store_->sweep(); }

 private:
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace

void handle_interrupts() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

bool interrupted() {
  return g_interrupted.load(std::memory_order_relaxed);
}

UnwindOnInterrupt::UnwindOnInterrupt() {
  ++g_unwinding;
}

UnwindOnInterrupt::~UnwindOnInterrupt() {
  --g_unwinding;
}

WakeOnInterrupt::WakeOnInterrupt(LandingWatcher& watcher) {
  g_watcher = &watcher;
}

WakeOnInterrupt::~WakeOnInterrupt() {
  g_watcher = nullptr;
}

RemoveOnInterrupt::RemoveOnInterrupt(const std::string& path) {
  for (std::size_t i = 0; i < g_files.size() && path.size() < g_files[i].path.size(); ++i) {
    if (g_files[i].is_set.load()) continue;
    std::memcpy(g_files[i].path.data(), path.c_str(), path.size() + 1);
    g_files[i].is_set = true;
    slot_ = static_cast<int>(i);
    return;
  }
}

RemoveOnInterrupt::~RemoveOnInterrupt() {
  if (slot_ >= 0) g_files[static_cast<std::size_t>(slot_)].is_set = false;
}

std::unique_ptr<ObjectStore> interruptible(std::unique_ptr<ObjectStore> store) {
  return std::make_unique<InterruptibleStore>(std::move(store));
}

}  // namespace lakegate::cli
