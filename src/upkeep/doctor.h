// Role: tests what medimirror relies on, before a night run finds out: the file systems of store and media/, the clock,
// the names, TLS, the key, the User-Agent. Says in sentences what to change.
// Place: `doctor`. The disk is tested in folders of its own, which it removes; the service gets one small listing, and
// a media host one picture.
// Threads: the caller's.
// Failure: what is wrong is a value. What cannot be tested is a warning.
// Limits: seconds a request; one listing of 10 items, one picture.
// Not here: whether the mirror's own files are right (verify).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "api/client.h"
#include "base/clock.h"
#include "http/transport.h"

namespace medimirror {

struct Check {
  enum class Result { good, warning, bad } result = Result::good;
  std::string what;      // "hard links from store to media/"
  std::string sentence;  // what was found and, unless it is good, what to change
};
std::string_view name_of(Check::Result result);

struct DiskDoctorOptions {
  std::filesystem::path store_folder, media_folder;
  std::uint64_t reserve_bytes = 0;
};
std::vector<Check> examine_disk(const DiskDoctorOptions& options);

struct OwnerDoctorOptions {
  std::filesystem::path root, store_folder, media_folder, reports_folder;  // what is not there is passed over
  uid_t user = 0;                                                          // who runs this
};
// Looks at every file: some seconds for a million.
std::vector<Check> examine_owner(const OwnerDoctorOptions& options);

struct ServiceDoctorOptions {
  ApiOptions api;
  MediaFilter filter;
  std::string media_base;                  // relative addresses are resolved against it
  std::vector<std::string> allowed_hosts;  // only these are asked for a picture
  bool allow_private_addresses = false;
  std::string user_agent;  // to show
};
std::vector<Check> examine_service(const ServiceDoctorOptions& options, Transport& transport,
                                   const Clock& clock);

}  // namespace medimirror
