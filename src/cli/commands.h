// Role: the commands, as functions: what each needs of the command line comes in, the exit status goes out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/exit_status.h"
#include "base/media.h"
#include "config/config.h"

namespace medimirror {

struct SyncFlags {
  bool full = false;
  bool retry_failed = false;
  bool dry_run = false;
  bool json = false;
  bool max_replace = false;       // named for this run
  std::string progress = "auto";  // auto, none, plain, json
};
ExitStatus sync_command(const Config& config, const SyncFlags& flags);

struct ListFlags {
  bool json = false;
  bool all_formats = false;
};
ExitStatus list_command(const Config& config, const ListFlags& flags);

ExitStatus status_command(const Config& config, bool json);
ExitStatus show_command(const Config& config, const std::string& what, bool json);
ExitStatus report_gallery_command(const Config& config);
ExitStatus report_duplicates_command(const Config& config);
ExitStatus serve_command(const Config& config, std::uint16_t port);

struct ExportFlags {
  std::string format, base_url;
  std::string publication, view, codes, locale;  // empty: not given
  std::string output;                            // empty: in the folder of reports
  std::string sku = "cnk";                       // cnk, ean, medipim_id, any
  bool names = false;
  bool replace_images = false;
};
ExitStatus export_command(const Config& config, const ExportFlags& flags);

struct VerifyFlags {
  std::string depth = "structure";
  std::string slice, max_age, time_limit, bandwidth;  // as written; empty: not given
  bool remote = false;
  std::string sample = "1%";
  bool json = false;
};
ExitStatus verify_command(const Config& config, const VerifyFlags& flags);

struct RepairFlags {
  std::string depth = "content";
  std::string bandwidth;
  std::string max_loss = "50%";
  bool dry_run = false;
  bool sync = false;
  bool json = false;
};
ExitStatus repair_command(const Config& config, const RepairFlags& flags);

struct GcFlags {
  std::string keep;
  bool dry_run = false;
  bool json = false;
};
ExitStatus gc_command(const Config& config, const GcFlags& flags);

inline constexpr std::size_t kHistoryShown = 30;
struct HistoryFlags {
  bool all = false;
  bool json = false;
};
ExitStatus history_command(const Config& config, const HistoryFlags& flags);
ExitStatus diff_command(const Config& config, std::uint64_t from, std::uint64_t to, bool json);

struct ChangesFlags {
  std::optional<std::uint64_t> since;  // nothing: since what was pushed last
  std::string target = "default";      // whose pushes
  std::string pushed;                  // a list that has been sent; empty: not given
};
ExitStatus changes_command(const Config& config, const ChangesFlags& flags);

struct UndoFlags {
  bool partial = false;
  bool release = false;
  bool dry_run = false;
  bool json = false;
};
ExitStatus undo_command(const Config& config, std::optional<std::uint64_t> run, const UndoFlags& flags);
ExitStatus rebuild_command(const Config& config);

struct AdoptFlags {
  bool trust_names = false;
  bool json = false;
};
ExitStatus adopt_command(const Config& config, const std::filesystem::path& folder, const AdoptFlags& flags);
ExitStatus doctor_command(const Config& config, bool json);

ExitStatus config_check_command(const Config& config);
ExitStatus config_show_command(const Config& config);

struct InitWords {
  std::string file = "medimirror.toml";
  std::string root, contact, key_id, secret_file;  // empty: not given
};
ExitStatus init_command(const InitWords& words);

}  // namespace medimirror
