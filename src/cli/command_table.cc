#include "cli/command_table.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"
#include "base/log.h"
#include "cli/process_number.h"
#include "config/arguments.h"
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
  6    stopped by a safety limit (too many removals or replacements)
  7    try later (the service is down or limits us)
  130  interrupted; what was done is kept
)";

constexpr std::pair<std::uint64_t, std::uint64_t> kPorts{0, 65'535};
constexpr std::pair<std::uint64_t, std::uint64_t> kRuns{1, std::numeric_limits<std::uint32_t>::max()};

CLI::App& add(CLI::App& parent, Words& words, const char* name, const char* what,
              std::function<ExitStatus()> run) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->footer(kExitCodes);
  command->callback([&words, run = std::move(run)] { words.chosen = run; });
  return *command;
}

// A command that only holds others.
CLI::App& add_group(CLI::App& app, const char* name, const char* what) {
  CLI::App* group = app.add_subcommand(name, what);
  group->require_subcommand(1);
  group->fallthrough();
  return *group;
}

// `into` may be an optional one. Read where it stands, so that an empty word is not taken for none.
template <typename Number>
CLI::Option* add_number(CLI::App& command, const char* name, Number& into,
                        std::pair<std::uint64_t, std::uint64_t> range, const char* what) {
  return command.add_option_function<std::string>(
      name,
      [name, &into, range](const std::string& text) {
        into = number_argument(name, text, range.first, range.second);
      },
      what);
}

void add_global(CLI::App& app, Words& words) {
  app.footer(kExitCodes);
  app.set_version_flag("--version", "medimirror " MEDIMIRROR_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option(
         "-c,--config", words.line.config_file,
         "Configuration (default: $MEDIMIRROR_CONFIG, ./medimirror.toml, /etc/medimirror/medimirror.toml)")
      ->type_name("FILE");
  app.add_flag("-v,--verbose", words.line.verbose,
               "Say what happens, on stderr: each request, each decision");
  app.add_flag("-q,--quiet", words.line.quiet, "Say nothing when all is well, else what went wrong");
}

void add_init(CLI::App& app, Words& words) {
  CLI::App& init = add(app, words, "init", "Write a commented configuration to start from",
                       [&words] { return init_command(words.init); });
  init.add_option("FILE", words.init.file, "Where (default: ./medimirror.toml); never overwritten");
  init.add_option("--root", words.init.root, "Folder of the mirror: media/, store/ and reports/ live there")
      ->type_name("FOLDER");
  init.add_option("--contact", words.init.contact, "Your e-mail address or URL, for the User-Agent")
      ->type_name("WHO");
  init.add_option("--key-id", words.init.key_id, "The number of your API key")->type_name("ID");
  init.add_option("--secret-file", words.init.secret_file, "The file that holds the key's secret")
      ->type_name("FILE");
}

ExitStatus run_sync_words(Words& words) {
  Overrides& overrides = words.line.overrides;
  if (!words.codes_file.empty()) overrides.push_back({"select.codes_file", words.codes_file, "--codes"});
  if (!words.max_delete.empty())
    overrides.push_back({"publish.max_delete", words.max_delete, "--max-delete"});
  if (!words.max_replace.empty())
    overrides.push_back({"publish.max_replace", words.max_replace, "--max-replace"});
  words.sync.max_replace = !words.max_replace.empty();
  if (words.retire_now) overrides.push_back({"publish.confirm_removal", "1", "--retire-now"});
  return sync_command(words.line.config(), words.sync);
}

void add_sync(CLI::App& app, Words& words) {
  CLI::App& sync =
      add(app, words, "sync", "Bring the mirror up to date: list, download, validate, keep, publish",
          [&words] { return run_sync_words(words); });
  CLI::Option* full =
      sync.add_flag("--full", words.sync.full,
                    "Walk the complete listing and plan every item again (of files, see verify and repair)");
  sync.add_flag("--retry-failed", words.sync.retry_failed,
                "Do not ask the API; fetch only what is still wanted or failed before")
      ->excludes(full);
  sync.add_flag("-n,--dry-run", words.sync.dry_run, "Say what would be done, and do nothing");
  sync.add_flag("--json", words.sync.json, "Print the run report as one JSON object on stdout");
  sync.add_option("--max-delete", words.max_delete,
                  "How many published files may be removed: a count or a share (10%)")
      ->type_name("N|N%");
  sync.add_option("--max-replace", words.max_replace,
                  "How many published pictures may be replaced by others, also all by one and the same")
      ->type_name("N|N%");
  sync.add_flag("--retire-now", words.retire_now,
                "Remove what this listing lacks without waiting for a second one (--max-delete still holds)");
  sync.add_option("--codes", words.codes_file,
                  "Mirror only the pictures of the products in this list (CNK, EAN, GTIN or Medipim id)")
      ->type_name("FILE");
  sync.add_option("--progress", words.sync.progress, "auto, none, plain or json (on stderr)")
      ->check(CLI::IsMember({"auto", "none", "plain", "json"}));
}

void add_looking(CLI::App& app, Words& words) {
  add(app, words, "status", "What the mirror holds, and how the last runs went", [&words] {
    return status_command(words.line.config(), words.status_json);
  }).add_flag("--json", words.status_json, "As one JSON object");

  CLI::App& list =
      add(app, words, "list", "Ask the API what the selection names, and print it; changes nothing",
          [&words] { return list_command(words.line.config(), words.list); });
  list.add_flag("--json", words.list.json, "The service's own objects, one a line");
  list.add_flag("--all-formats", words.list.all_formats, "Every format and URL of each item");

  CLI::App& show = add(
      app, words, "show", "Everything known about a medium or a product: from where, held or not, and why",
      [&words] { return show_command(words.line.config(), words.show_what, words.show_json); });
  show.add_option("WHAT", words.show_what,
                  "A media id, CNK, EAN or GTIN, Medipim id, path, file name, URL or SHA-256")
      ->required();
  show.add_flag("--json", words.show_json, "As one JSON object");
}

void add_reports(CLI::App& app, Words& words) {
  CLI::App& report = add_group(app, "report", "Make something to look at of what is held");
  add(report, words, "gallery", "Write a site of all pictures, failures and runs to reports/gallery/",
      [&words] { return report_gallery_command(words.line.config()); });
  add(report, words, "duplicates",
      "Write which pictures are there more than once to reports/duplicates.csv and .json",
      [&words] { return report_duplicates_command(words.line.config()); });

  CLI::App& serve =
      add(app, words, "serve", "Show the gallery and media/ to a browser on this machine",
          [&words] { return serve_command(words.line.config(), static_cast<std::uint16_t>(words.port)); });
  add_number(serve, "--port", words.port, kPorts, "Port on 127.0.0.1 (default: 8700; 0 takes a free one)")
      ->type_name("N");
}

void add_export(CLI::App& app, Words& words) {
  CLI::App& command = add(app, words, "export", "Write an import file for a shop, of what is published",
                          [&words] { return export_command(words.line.config(), words.export_); });
  ExportFlags& flags = words.export_;
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

void add_verify(CLI::App& app, Words& words) {
  VerifyFlags& flags = words.verify;
  CLI::App& verify =
      add(app, words, "verify", "Check index, blobs, tree and manifest against each other; changes nothing",
          [&words] { return verify_command(words.line.config(), words.verify); });
  verify
      .add_option("--depth", flags.depth,
                  "structure (default): names, sizes, links, records; content: hash every blob; pixels: "
                  "decode them too")
      ->check(CLI::IsMember({"structure", "content", "pixels"}));
  CLI::Option* slice =
      verify.add_option("--slice", flags.slice, "Read only the K-th of N shares of the blobs");
  slice->type_name("K/N");
  verify.add_option("--max-age", flags.max_age, "Read only what was not read for so long")
      ->type_name("SPAN")
      ->excludes(slice);
  verify.add_option("--time-limit", flags.time_limit, "Stop reading after so long; the next verify goes on")
      ->type_name("SPAN");
  verify.add_option("--bandwidth", flags.bandwidth, "Read at most so many bytes a second")->type_name("SIZE");
  CLI::Option* remote = verify.add_flag("--remote", flags.remote,
                                        "Instead ask the media hosts whether a sample is still the same");
  verify.add_option("--sample", flags.sample, "With --remote: how much of what is held (default: 1%)")
      ->type_name("N|N%")
      ->needs(remote);
  verify.add_flag("--json", flags.json, "As one JSON object");
}

void add_care(CLI::App& app, Words& words) {
  CLI::App& repair = add(app, words, "repair",
                         "Set bad files aside, put back what intact bytes can serve, want the rest again",
                         [&words] { return repair_command(words.line.config(), words.repair); });
  repair
      .add_option("--depth", words.repair.depth, "What to look for: structure, content (default) or pixels")
      ->check(CLI::IsMember({"structure", "content", "pixels"}));
  repair.add_option("--bandwidth", words.repair.bandwidth, "Read at most so many bytes a second")
      ->type_name("SIZE");
  repair
      .add_option("--max-loss", words.repair.max_loss,
                  "How many published files may leave the tree, their bytes being gone (default: 50%)")
      ->type_name("N|N%");
  repair.add_flag("-n,--dry-run", words.repair.dry_run, "Show the plan, and do nothing");
  repair.add_flag("--sync", words.repair.sync, "Then sync, which fetches what is missing");
  repair.add_flag("--json", words.repair.json, "As one JSON object");

  CLI::App& gc = add(app, words, "gc", "Remove what nothing refers to any more",
                     [&words] { return gc_command(words.line.config(), words.gc); });
  gc.add_option("--keep", words.gc.keep, "Keep what retired less than this ago (default: publish.grace_days)")
      ->type_name("SPAN");
  gc.add_flag("-n,--dry-run", words.gc.dry_run, "Say what would be removed, and remove nothing");
  gc.add_flag("--json", words.gc.json, "As one JSON object");

  add(app, words, "rebuild", "Make a lost or damaged index again from what is on the disk",
      [&words] { return rebuild_command(words.line.config()); });

  CLI::App& adopt = add(
      app, words, "adopt", "Take over pictures that another tool fetched, after looking at each", [&words] {
        return adopt_command(words.line.config(), path_argument("FOLDER", words.adopt_folder), words.adopt);
      });
  adopt.add_option("FOLDER", words.adopt_folder, "Where they are; nothing is changed there")->required();
  adopt.add_flag("--trust-names", words.adopt.trust_names,
                 "Take a file's name, or a media id in it, for proof of what it is");
  adopt.add_flag("--json", words.adopt.json, "As one JSON object");
}

void add_history(CLI::App& app, Words& words) {
  CLI::App& history = add(app, words, "history", "The trees that earlier runs left, and what is kept of them",
                          [&words] { return history_command(words.line.config(), words.history); });
  history.add_flag("--all", words.history.all, "Every run, not only the last ones");
  history.add_flag("--json", words.history.json, "As one JSON object");

  CLI::App& diff = add(app, words, "diff", "What differs between the trees of two runs", [&words] {
    return diff_command(words.line.config(), words.diff_from, words.diff_to, words.diff_json);
  });
  add_number(diff, "FROM", words.diff_from, kRuns, "Number of a run")->required();
  add_number(diff, "TO", words.diff_to, kRuns, "Number of a run")->required();
  diff.add_flag("--json", words.diff_json, "One JSON object a line");

  CLI::App& undo = add(app, words, "undo", "Bring media/ back to what an earlier run left, and hold it there",
                       [&words] { return undo_command(words.line.config(), words.undo_run, words.undo); });
  CLI::Option* target = add_number(undo, "RUN", words.undo_run, kRuns,
                                   "Number of a run (default: the one before the newest change)");
  undo.add_flag("--release", words.undo.release, "Let media/ follow the catalogue again")->excludes(target);
  undo.add_flag("--partial", words.undo.partial, "Also when the bytes of some files are gone");
  undo.add_flag("-n,--dry-run", words.undo.dry_run, "Say what would change, and change nothing");
  undo.add_flag("--json", words.undo.json, "As one JSON object");
}

void add_changes(CLI::App& app, Words& words) {
  CLI::App& changes = add(app, words, "changes",
                          "Which files of media/ a copy elsewhere lacks, as rsync --files-from takes them",
                          [&words] { return changes_command(words.line.config(), words.changes); });
  CLI::Option* since =
      add_number(changes, "--since", words.changes.since, kRuns,
                 "Since this run (default: since the last list given to --pushed, else all)");
  since->type_name("RUN");
  CLI::Option* pushed = changes.add_option("--pushed", words.changes.pushed,
                                           "Note that this list was sent: the next starts there");
  pushed->type_name("LIST")->excludes(since);
  changes.add_option("--to", words.changes.target, "Which copy, where there are several (default: default)")
      ->type_name("NAME");
}

void add_setup(CLI::App& app, Words& words) {
  add(app, words, "doctor", "Test disk, clock, network, key and User-Agent; say what to change", [&words] {
    return doctor_command(words.line.config(), words.doctor_json);
  }).add_flag("--json", words.doctor_json, "As one JSON object");

  CLI::App& config = add_group(app, "config", "Check or show the configuration");
  add(config, words, "check", "Read the configuration, the key and the list of codes, and say what is wrong",
      [&words] { return config_check_command(words.line.config()); });
  add(config, words, "show", "Print every setting and where it comes from; the secret is not shown",
      [&words] { return config_show_command(words.line.config()); });
}

}  // namespace

Config CommandLine::config() const {
  const Environment environment = process_environment();
  const std::filesystem::path path =
      config_file.empty() ? default_config_path(environment) : path_argument("--config", config_file);
  if (!std::filesystem::exists(path))
    throw Error(
        ErrorKind::config,
        fmt::format("there is no configuration at {}: `medimirror init` writes one, or name yours with "
                    "--config FILE",
                    path.native()));
  const Config config = load_config(path, environment, overrides);
  set_log_level(verbose ? LogLevel::debug : quiet ? LogLevel::error : config.log_level);
  take_free_process_number(config.store_dir / "index");
  return config;
}

void add_commands(CLI::App& app, Words& words) {
  add_global(app, words);
  for (const auto add_some : {add_init, add_sync, add_looking, add_reports, add_export, add_verify, add_care,
                              add_history, add_changes, add_setup})
    add_some(app, words);
}

}  // namespace medimirror
