// The numbers of pictures in views: see index.h and view_number.h.
#include "store/index.h"
#include "store/index_tables.h"
#include "store/setting_names.h"

namespace medimirror {

using namespace index_tables;

std::vector<std::pair<MediaId, ViewNumber>> IndexReader::view_numbers(std::string_view view,
                                                                      std::string_view product) const {
  std::vector<std::pair<MediaId, ViewNumber>> numbers;
  const std::string prefix = view_number_prefix(view, product);
  const std::size_t key_bytes = prefix.size() + encode_key(MediaId{}).size();
  lmdb::Cursor cursor(*transaction_, handle(*transaction_, kViewNumbers));
  for (bool here = cursor.seek(prefix); here && cursor.key().starts_with(prefix); here = cursor.next()) {
    if (cursor.key().size() != key_bytes) continue;  // of a product whose id goes on after a zero byte
    numbers.emplace_back(
        require(decode_media_key(cursor.key().substr(prefix.size())), *transaction_, kViewNumbers,
                cursor.key()),
        require(decode_view_number(cursor.value()), *transaction_, kViewNumbers, cursor.key()));
  }
  return numbers;
}

void IndexReader::each_view_number(
    const std::function<bool(const ViewNumberKey&, const ViewNumber&)>& callback) const {
  each(*transaction_, kViewNumbers, decode_view_number_key, decode_view_number, callback);
}

bool IndexReader::views_are_stale() const {
  return transaction_->get(handle(*transaction_, kSettings), kViewsStaleSetting).value_or("") == "1";
}

void IndexGroup::put_view_number(const ViewNumberKey& key, const ViewNumber& number) {
  if (key.view.empty() || key.view.size() > kViewNameBytesMax || key.product.size() > kProductIdBytesMax)
    throw Error(ErrorKind::internal, "the name of a view, or the id of a product in it, is too long",
                "write the index");
  transaction_->put(handle(*transaction_, kViewNumbers), encode_key(key), encode(number));
}

void IndexGroup::remove_view_number(const ViewNumberKey& key) {
  transaction_->remove(handle(*transaction_, kViewNumbers), encode_key(key));
}

void IndexGroup::mark_views_stale() {
  if (!views_are_stale()) put_setting(kViewsStaleSetting, "1");
}

}  // namespace medimirror
