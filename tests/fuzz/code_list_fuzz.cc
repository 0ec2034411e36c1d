// Any bytes as a shop's list of codes, with the name of a column in the first line: codes and mistakes come out, each with
// its line, or one sentence.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "shop/code_list.h"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

void look(std::string_view bytes, std::string_view column) {
  try {
    const medimirror::CodeList list = medimirror::parse_code_list(bytes, column);
    for (const auto& code : list.codes) demand(!code.text.empty() && code.text.size() <= 64 && code.line > 0);
    for (const auto& wrong : list.wrong) demand(!wrong.reason.empty() && wrong.line > 0);
  } catch (const medimirror::Error& error) {
    demand(error.what()[0] != '\0');
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  look(bytes, {});
  if (const auto end = bytes.find('\n'); end != std::string_view::npos)
    look(bytes.substr(end + 1), bytes.substr(0, end));
  return 0;
}
