// Role: the secret of the API key: from MEDIMIRROR_API_SECRET, else the systemd credential
// medimirror-api-secret, else secret_file. A byte order mark and white space around it are not part of it.
// Failure: values, for the list of mistakes. A file that everybody may read is refused: then it is no secret
// any more; so is one that somebody else than this user and root could have written: then it may be theirs.
// Limits: 4 KB; regular files only, so that nothing blocks.
// Not here: the file of the configuration; a secret in it is refused by config.cc without being looked at.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/secret.h"
#include "config/config.h"

namespace medimirror {

struct SecretResult {
  Secret secret;
  std::string origin;  // "MEDIMIRROR_API_SECRET", "/etc/medimirror/key"; empty: there is none
  std::optional<std::string>
      mistake;  // wrong for everybody: the rest of a sentence that starts with the origin
  std::optional<std::string> barred;  // there is one, and it is not for this user
};

SecretResult find_secret(const Environment& environment, const std::filesystem::path& secret_file);

}  // namespace medimirror
