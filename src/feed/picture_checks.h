// Role: is this picture one that the system takes? Pure.
// Place: feed asks for each picture, and lists every finding.
#pragma once

#include <string>
#include <vector>

#include "feed/problem_list.h"
#include "feed/systems.h"

namespace medimirror {

struct PictureFinding {
  FeedProblem problem{};
  std::string detail;  // a sentence
};

std::vector<PictureFinding> check_picture(const FeedPicture& picture, const FeedRules& rules);

}  // namespace medimirror
