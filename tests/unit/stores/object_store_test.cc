#include "contract/object_store_contract.h"
#include "fakes/scratch_folder.h"
#include "stores/local_store.h"
#include "stores/memory_store.h"

namespace lakegate {
namespace {

std::shared_ptr<ObjectStore> make_memory() {
  return make_memory_store();
}

std::shared_ptr<ObjectStore> make_local() {
  struct LocalLake {
    ScratchFolder folder;
    std::unique_ptr<ObjectStore> store = open_local_store(folder.path()).value();
  };
  auto lake = std::make_shared<LocalLake>();
  return {lake, lake->store.get()};
}

const auto kStores =
    testing::Values(StoreMaker{"memory", make_memory}, StoreMaker{"local", make_local});
std::string name_of(const testing::TestParamInfo<StoreMaker>& made) {
  return made.param.name;
}
INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreContract, kStores, name_of);
INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreLeases, kStores, name_of);

}  // namespace
}  // namespace lakegate
