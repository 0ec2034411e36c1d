#include "cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/quiet.h"
#include "feed/systems.h"

namespace medimirror {

namespace {

constexpr const char* kExitCodes = R"(
Exit codes:
  0    done
  1    failed
  2    usage or configuration
  3    finished, some items failed
  4    verify found damage
  5    another run holds the store
  6    stopped by a safety limit (too many deletions)
  7    try later (the service is down or limits us)
  130  interrupted; what was done is kept
)";

// What the command line said, before the configuration is read.
struct CommandLine {
  std::filesystem::path config_path;
  Overrides overrides;
  bool verbose = false, quiet = false;

  Config config() const {
    const std::filesystem::path path =
        config_path.empty() ? default_config_path(process_environment()) : config_path;
    if (!std::filesystem::exists(path))
      throw Error(
          ErrorKind::config,
          fmt::format("there is no configuration at {}: `medimirror init` writes one, or name yours with "
                      "--config FILE",
                      path.native()));
    const Config config = load_config(path, process_environment(), overrides);
    set_log_level(verbose ? LogLevel::debug : quiet ? LogLevel::error : config.log_level);
    return config;
  }
};

void add_export_options(CLI::App& command, ExportFlags& flags) {
  command.add_option("--format", flags.format, "The system that the file is for")
      ->required()
      ->check(CLI::IsMember(feed_system_names()));
  command.add_option("--base-url", flags.base_url, "The address of media/ as the shop sees it")
      ->required()
      ->type_name("URL");
  CLI::Option* view =
      command.add_option("--view", flags.view, "The files of this view, not of the main tree");
  view->type_name("NAME");
  command
      .add_option("--publication", flags.publication,
                  "A format or derivative of the main tree (default: the first of select.formats)")
      ->type_name("NAME")
      ->excludes(view);
  command
      .add_option("--output", flags.output,
                  "Where to (default: reports/export-FORMAT.csv or the like; - is stdout)")
      ->type_name("FILE|-");
  command.add_option("--codes", flags.codes, "Only the products of this list (CNK, EAN, GTIN or Medipim id)")
      ->type_name("FILE");
  command
      .add_option("--sku", flags.sku,
                  "Which code the shop knows products by (default: cnk; any: CNK, else EAN, else Medipim id)")
      ->check(CLI::IsMember({"cnk", "ean", "medipim_id", "any"}));
  command
      .add_option("--locale", flags.locale, "Names in this language alone (default: by api.accept_language)")
      ->type_name("LOCALE");
  command.add_flag("--names", flags.names, "Also the column that renames the shop's own products");
  command.add_flag("--replace-images", flags.replace_images,
                   "PrestaShop: the pictures that a product has are deleted by the import");
}

}  // namespace

ExitStatus run_command_line(int argc, char** argv) {
  CLI::App app("Mirrors the pictures of a Medipim catalogue into a plain directory.", "medimirror");
  app.footer(kExitCodes);
  app.set_version_flag("--version", "medimirror " MEDIMIRROR_VERSION);
  app.require_subcommand(1);
  app.fallthrough();

  CommandLine line;
  app.add_option(
         "-c,--config", line.config_path,
         "Configuration (default: $MEDIMIRROR_CONFIG, ./medimirror.toml, /etc/medimirror/medimirror.toml)")
      ->type_name("FILE");
  app.add_flag("-v,--verbose", line.verbose, "Say what happens, on stderr: each request, each decision");
  app.add_flag("-q,--quiet", line.quiet, "Say nothing when all is well, else what went wrong");

  std::function<ExitStatus()> chosen;
  const auto command = [&](CLI::App& parent, const char* name, const char* what,
                           std::function<ExitStatus()> run) {
    CLI::App* sub = parent.add_subcommand(name, what);
    sub->footer(kExitCodes);
    sub->callback([&chosen, run = std::move(run)] { chosen = run; });
    return sub;
  };

  std::filesystem::path init_path = "medimirror.toml";
  std::string init_root, init_contact;
  CLI::App* init = command(app, "init", "Write a commented configuration to start from",
                           [&] { return init_command(init_path, init_root, init_contact); });
  init->add_option("FILE", init_path, "Where (default: ./medimirror.toml); never overwritten");
  init->add_option("--root", init_root, "Folder of the mirror: media/, store/ and reports/ live there");
  init->add_option("--contact", init_contact, "Your e-mail address or URL, for the User-Agent");

  SyncFlags sync_flags;
  std::string max_delete, codes_file;
  bool retire_now = false;
  CLI::App* sync =
      command(app, "sync", "Bring the mirror up to date: list, download, validate, keep, publish", [&] {
        if (!codes_file.empty()) line.overrides.push_back({"select.codes_file", codes_file, "--codes"});
        if (!max_delete.empty()) line.overrides.push_back({"publish.max_delete", max_delete, "--max-delete"});
        if (retire_now) line.overrides.push_back({"publish.confirm_removal", "1", "--retire-now"});
        return sync_command(line.config(), sync_flags);
      });
  CLI::Option* full =
      sync->add_flag("--full", sync_flags.full,
                     "Walk the complete listing and plan every item again (of files, see verify and repair)");
  sync->add_flag("--retry-failed", sync_flags.retry_failed,
                 "Do not ask the API; fetch only what is still wanted or failed before")
      ->excludes(full);
  sync->add_flag("-n,--dry-run", sync_flags.dry_run, "Say what would be done, and do nothing");
  sync->add_flag("--json", sync_flags.json, "Print the run report as one JSON object on stdout");
  sync->add_option("--max-delete", max_delete,
                   "How many published files may be removed: a count or a share (10%)")
      ->type_name("N|N%");
  sync->add_flag(
      "--retire-now", retire_now,
      "Remove what this listing lacks without waiting for a second one (--max-delete still holds)");
  sync->add_option("--codes", codes_file,
                   "Mirror only the pictures of the products in this list (CNK, EAN, GTIN or Medipim id)")
      ->type_name("FILE");
  sync->add_option("--progress", sync_flags.progress, "auto, none, plain or json (on stderr)")
      ->check(CLI::IsMember({"auto", "none", "plain", "json"}));

  bool status_json = false;
  CLI::App* status = command(app, "status", "What the mirror holds, and how the last runs went",
                             [&] { return status_command(line.config(), status_json); });
  status->add_flag("--json", status_json, "As one JSON object");

  ListFlags list_flags;
  CLI::App* list = command(app, "list", "Ask the API what the selection names, and print it; changes nothing",
                           [&] { return list_command(line.config(), list_flags); });
  list->add_flag("--json", list_flags.json, "The service's own objects, one a line");
  list->add_flag("--all-formats", list_flags.all_formats, "Every format and URL of each item");

  MediaId show_id = 0;
  bool show_json = false;
  CLI::App* show = command(app, "show", "Everything known about one medium: from where, held or not, and why",
                           [&] { return show_command(line.config(), show_id, show_json); });
  show->add_option("ID", show_id, "Media id")->required();
  show->add_flag("--json", show_json, "As one JSON object");

  CLI::App* report = app.add_subcommand("report", "Make something to look at of what is held");
  report->require_subcommand(1);
  report->fallthrough();
  command(*report, "gallery", "Write a site of all pictures, failures and runs to reports/gallery/",
          [&] { return report_gallery_command(line.config()); });
  command(*report, "duplicates",
          "Write which pictures are there more than once to reports/duplicates.csv and .json",
          [&] { return report_duplicates_command(line.config()); });

  std::uint16_t serve_port = 8700;
  CLI::App* serve = command(app, "serve", "Show the gallery and media/ to a browser on this machine",
                            [&] { return serve_command(line.config(), serve_port); });
  serve->add_option("--port", serve_port, "Port on 127.0.0.1 (default: 8700; 0 takes a free one)")
      ->type_name("N");

  ExportFlags export_flags;
  add_export_options(*command(app, "export", "Write an import file for a shop, of what is published",
                              [&] { return export_command(line.config(), export_flags); }),
                     export_flags);

  VerifyFlags verify_flags;
  CLI::App* verify =
      command(app, "verify", "Check index, blobs, tree and manifest against each other; changes nothing",
              [&] { return verify_command(line.config(), verify_flags); });
  verify
      ->add_option("--depth", verify_flags.depth,
                   "structure (default): names, sizes, links, records; content: hash every blob; pixels: "
                   "decode them too")
      ->check(CLI::IsMember({"structure", "content", "pixels"}));
  CLI::Option* slice =
      verify->add_option("--slice", verify_flags.slice, "Read only the K-th of N shares of the blobs");
  slice->type_name("K/N");
  verify->add_option("--max-age", verify_flags.max_age, "Read only what was not read for so long")
      ->type_name("SPAN")
      ->excludes(slice);
  verify
      ->add_option("--time-limit", verify_flags.time_limit,
                   "Stop reading after so long; the next verify goes on")
      ->type_name("SPAN");
  verify->add_option("--bandwidth", verify_flags.bandwidth, "Read at most so many bytes a second")
      ->type_name("SIZE");
  CLI::Option* remote = verify->add_flag("--remote", verify_flags.remote,
                                         "Instead ask the media hosts whether a sample is still the same");
  verify->add_option("--sample", verify_flags.sample, "With --remote: how much of what is held (default: 1%)")
      ->type_name("N|N%")
      ->needs(remote);
  verify->add_flag("--json", verify_flags.json, "As one JSON object");

  RepairFlags repair_flags;
  CLI::App* repair =
      command(app, "repair", "Set bad files aside, put back what intact bytes can serve, want the rest again",
              [&] { return repair_command(line.config(), repair_flags); });
  repair
      ->add_option("--depth", repair_flags.depth, "What to look for: structure, content (default) or pixels")
      ->check(CLI::IsMember({"structure", "content", "pixels"}));
  repair->add_option("--bandwidth", repair_flags.bandwidth, "Read at most so many bytes a second")
      ->type_name("SIZE");
  repair
      ->add_option("--max-loss", repair_flags.max_loss,
                   "How many published files may leave the tree, their bytes being gone (default: 50%)")
      ->type_name("N|N%");
  repair->add_flag("-n,--dry-run", repair_flags.dry_run, "Show the plan, and do nothing");
  repair->add_flag("--sync", repair_flags.sync, "Then sync, which fetches what is missing");
  repair->add_flag("--json", repair_flags.json, "As one JSON object");

  GcFlags gc_flags;
  CLI::App* gc = command(app, "gc", "Remove what nothing refers to any more",
                         [&] { return gc_command(line.config(), gc_flags); });
  gc->add_option("--keep", gc_flags.keep,
                 "Keep what retired less than this ago (default: publish.grace_days)")
      ->type_name("SPAN");
  gc->add_flag("-n,--dry-run", gc_flags.dry_run, "Say what would be removed, and remove nothing");
  gc->add_flag("--json", gc_flags.json, "As one JSON object");

  HistoryFlags history_flags;
  CLI::App* history = command(app, "history", "The trees that earlier runs left, and what is kept of them",
                              [&] { return history_command(line.config(), history_flags); });
  history->add_flag("--all", history_flags.all, "Every run, not only the last ones");
  history->add_flag("--json", history_flags.json, "As one JSON object");

  std::uint64_t diff_from = 0, diff_to = 0;
  bool diff_json = false;
  CLI::App* diff = command(app, "diff", "What differs between the trees of two runs",
                           [&] { return diff_command(line.config(), diff_from, diff_to, diff_json); });
  diff->add_option("FROM", diff_from, "Number of a run")->required();
  diff->add_option("TO", diff_to, "Number of a run")->required();
  diff->add_flag("--json", diff_json, "One JSON object a line");

  std::optional<std::uint64_t> undo_run;
  UndoFlags undo_flags;
  CLI::App* undo = command(app, "undo", "Bring media/ back to what an earlier run left, and hold it there",
                           [&] { return undo_command(line.config(), undo_run, undo_flags); });
  CLI::Option* undo_target =
      undo->add_option("RUN", undo_run, "Number of a run (default: the one before the newest change)");
  undo->add_flag("--release", undo_flags.release, "Let media/ follow the catalogue again")
      ->excludes(undo_target);
  undo->add_flag("--partial", undo_flags.partial, "Also when the bytes of some files are gone");
  undo->add_flag("-n,--dry-run", undo_flags.dry_run, "Say what would change, and change nothing");
  undo->add_flag("--json", undo_flags.json, "As one JSON object");

  command(app, "rebuild", "Make a lost or damaged index again from what is on the disk",
          [&] { return rebuild_command(line.config()); });

  std::filesystem::path adopt_folder;
  AdoptFlags adopt_flags;
  CLI::App* adopt =
      command(app, "adopt", "Take over pictures that another tool fetched, after looking at each",
              [&] { return adopt_command(line.config(), adopt_folder, adopt_flags); });
  adopt->add_option("FOLDER", adopt_folder, "Where they are; nothing is changed there")->required();
  adopt->add_flag("--trust-names", adopt_flags.trust_names,
                  "Take a file's name, or a media id in it, for proof of what it is");
  adopt->add_flag("--json", adopt_flags.json, "As one JSON object");

  bool doctor_json = false;
  CLI::App* doctor =
      command(app, "doctor", "Test disk, clock, network, key and User-Agent; say what to change",
              [&] { return doctor_command(line.config(), doctor_json); });
  doctor->add_flag("--json", doctor_json, "As one JSON object");

  CLI::App* config = app.add_subcommand("config", "Check or show the configuration");
  config->require_subcommand(1);
  config->fallthrough();
  command(*config, "check", "Read the configuration and say what is wrong with it", [&] {
    const Config loaded = line.config();
    for (const std::string& warning : loaded.warnings) fmt::print("note: {}\n", warning);
    fmt::print("the configuration is fine\n");
    return ExitStatus::done;
  });
  command(*config, "show", "Print every setting and where it comes from; the secret is not shown", [&] {
    fmt::print("{}", to_toml(line.config()));
    return ExitStatus::done;
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return static_cast<ExitStatus>(app.exit(error));  // --help, --version
    fmt::print(stderr, "medimirror: {}; see `medimirror --help`\n", error.what());
    return ExitStatus::usage;
  }
  return line.quiet && !answers_a_question(app) ? run_quietly(chosen) : chosen();
}

}  // namespace medimirror
