#include "http/room.h"

#include <gtest/gtest.h>

namespace medimirror {
namespace {

TEST(Room, HasAPlaceWhileThereAreItemsAndBytes) {
  struct Row {
    const char* name;
    void (*take)(Room&);
    bool has_place;
  };
  const Row rows[] = {
      {"nothing taken", [](Room&) {}, true},
      {"one item of two", [](Room& room) { room.take_item(); }, true},
      {"both items", [](Room& room) { room.take_item(), room.take_item(); }, false},
      {"both, one back", [](Room& room) { room.take_item(), room.take_item(), room.give_back_items(1); },
       true},
      {"most bytes", [](Room& room) { room.charge(99); }, true},
      {"all bytes", [](Room& room) { room.charge(100); }, false},
      {"more than all", [](Room& room) { room.charge(300); }, false},
      {"all, some back", [](Room& room) { room.charge(100), room.give_back(1); }, true},
      {"much in files", [](Room& room) { room.note_on_disk(100); }, false},
      {"no more of it", [](Room& room) { room.note_on_disk(100), room.note_on_disk(-1); }, true},
      {"a listing has half at most", [](Room& room) { room.set_aside(1000); }, true},
      {"beside a listing", [](Room& room) { room.charge(50), room.set_aside(1000); }, false},
      {"the listing has let go", [](Room& room) { room.charge(50), room.set_aside(1000), room.set_aside(0); },
       true},
      {"a smaller disk",
       [](Room& room) {
         room.charge(50), room.resize({2, 50});
       },
       false},
      {"somebody waits for more", [](Room& room) { room.charge(10), (void)room.admit(95); }, false},
      {"it got it",
       [](Room& room) { room.charge(10), (void)room.admit(95), room.give_back(10), (void)room.admit(95); },
       true},
  };
  for (const Row& row : rows) {
    Room room({2, 100});
    row.take(room);
    EXPECT_EQ(room.has_place(), row.has_place) << row.name;
  }
}

TEST(Room, ChargesNoMoreThanThereIsWhereItIsAsked) {
  Room room({2, 100});
  EXPECT_TRUE(room.try_charge(60));
  EXPECT_FALSE(room.try_charge(41));
  EXPECT_EQ(room.bytes_left(), 40);
  EXPECT_TRUE(room.try_charge(40));
  EXPECT_EQ(room.bytes_left(), 0);
}

TEST(Room, AdmitsWhatIsLargerThanAllWhenItIsAlone) {
  Room room({2, 100});
  room.charge(1);
  EXPECT_FALSE(room.admit(500));
  room.give_back(1);
  EXPECT_TRUE(room.admit(500));
  EXPECT_FALSE(room.has_place());
}

}  // namespace
}  // namespace medimirror
