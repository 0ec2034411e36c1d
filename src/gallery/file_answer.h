// Role: what a request gets: the head of the answer, and a text or a piece of a file.
// Place: file_server asks for it and sends it.
// Failure: values: what cannot be shown is an answer with a sentence.
// Limits: nothing of a file is read here. A file is opened step by step from the mounted folder down and no link is followed,
// so that no path and no link leads out of it; what is no regular file is not there.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "gallery/file_request.h"
#include "gallery/file_server.h"

namespace medimirror {

struct FileAnswer {
  std::string text;         // the head, and what is said instead of a file
  UniqueFd file;            // none: the text is all
  off_t next = 0, end = 0;  // of the file: what is to be sent
};

// Invalid where it is not there, or not a regular file, or behind a link below `folder`. `relative` is slashes and names.
UniqueFd open_below(const std::filesystem::path& folder, std::string_view relative);

FileAnswer refuse_request(const Refusal& refusal);
// The first of the mounts that has the file. `start` is where "/" leads.
FileAnswer answer_request(const FileRequest& request, const std::vector<FileServer::Mount>& mounts,
                          const std::string& start);

}  // namespace medimirror
