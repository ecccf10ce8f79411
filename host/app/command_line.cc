// SPDX-License-Identifier: Apache-2.0
#include "host/app/command_line.h"

#include <cstdio>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "host/app/commands.h"
#include "host/base/log.h"
#include "host/base/secret.h"
#include "host/config/describe.h"
#include "host/config/settings.h"
#include "host/observe/logging.h"

namespace dsw {
namespace {

using Command = std::function<Status(const Settings&)>;

int Failed(const Error& error) {
  std::fprintf(stderr, "worker-datasets: %s\n", Redact(error.message).c_str());
  return kExitFailed;
}

int RunWithSettings(const Command& command) {
  const Result<Settings> settings = ParseSettings(ProcessEnvironment());
  if (!settings) return Failed(settings.error());
  const InstalledLogging logging(settings->log_filter, settings->log_format);
  for (const std::string& warning : settings->warnings) Log(LogLevel::kWarn, "config", warning);
  const Status done = command(*settings);
  return done ? kExitDone : Failed(done.error());
}

/// The library's own checks tell the range in floating point, and let numbers wrap around.
const CLI::Validator kWholeNumber(
    [](std::string& text) -> std::string {
      constexpr std::size_t kMostDigits = 18;
      const bool digits = !text.empty() && text.size() <= kMostDigits &&
                          text.find_first_not_of("0123456789") == std::string::npos;
      if (digits && text.find_first_not_of('0') != std::string::npos) return "";
      return fmt::format("`{}` is not a whole number from 1 on", text);
    },
    "", "whole number");

/// The commands about dead letters; the one that was asked for becomes `command`.
void AddDeadLetters(CLI::App& app, DeadLetterOptions& options, Command& command) {
  CLI::App* dlq = app.add_subcommand("dlq", "Look at jobs that were given up, and replay them");
  dlq->require_subcommand(1);
  const auto transform = [&](CLI::App* with) {
    return with->add_option("--transform", options.transform, "Those of this transform")
        ->check(kWholeNumber);
  };
  const auto number = [&](CLI::App* with, const char* help) {
    return with->add_option("number", options.sequence, help)->check(kWholeNumber);
  };

  CLI::App* list = dlq->add_subcommand("list", "List dead letters, oldest first");
  transform(list);
  list->add_flag("--json", options.json, "JSON, one document a line");
  list->callback([&] { command = [&](const Settings& s) { return ListDeadLetters(s, options); }; });

  CLI::App* show = dlq->add_subcommand("show", "Print a dead letter's headers and payload");
  number(show, "Number of the dead letter, as `dlq list` shows it")->required();
  show->callback([&] { command = [&](const Settings& s) { return ShowDeadLetter(s, options); }; });

  CLI::App* replay = dlq->add_subcommand(
      "replay", "Publish jobs again; a dead letter goes once its job is stored");
  CLI::Option* one = number(replay, "Number of the dead letter");
  CLI::Option* some = transform(replay)->excludes(one);
  replay->add_flag("--all", options.all, "All of them")->excludes(one)->excludes(some);
  replay->callback([&] {
    if (!options.sequence && !options.transform && !options.all) {
      throw CLI::RequiredError("The number of a dead letter, --transform ID or --all");
    }
    command = [&](const Settings& s) { return ReplayDeadLetters(s, options); };
  });

  CLI::App* purge = dlq->add_subcommand("purge", "Remove dead letters for good");
  transform(purge)->excludes(number(purge, "Number of the dead letter"));
  purge->add_flag("--yes", options.all, "All of them");
  purge->callback([&] {
    if (!options.sequence && !options.transform && !options.all) {
      throw CLI::RequiredError("The number of a dead letter, --transform ID, or --yes for all");
    }
    command = [&](const Settings& s) { return PurgeDeadLetters(s, options); };
  });
}

/// The commands about plugins, as AddDeadLetters().
void AddPlugins(CLI::App& app, PluginsOptions& options, std::string& quarantined,
                Command& command) {
  CLI::App* plugins = app.add_subcommand(
      "plugins", "List what the plugin directories hold and what became of each file");
  plugins->require_subcommand(0, 1);
  plugins->add_flag("--json", options.json, "One JSON document");
  plugins->add_flag("--strict", options.strict, "Exit with 1 if any file was refused");
  plugins->callback([&options, &command] {
    if (!command) command = [&options](const Settings& s) { return ListPlugins(s, options); };
  });

  CLI::App* status = plugins->add_subcommand(
      "status", "Ask the worker on this machine how its plugins' processes are");
  status->add_flag("--json", options.json, "One JSON document");
  status->callback([&options, &command] {
    command = [&options](const Settings& s) { return PluginStatus(s, options.json); };
  });
  plugins->add_subcommand("reload", "Have it load files that came, changed or went")
      ->callback([&command] { command = ::dsw::ReloadPlugins; });
  CLI::App* release = plugins->add_subcommand(
      "release", "Have it start a plugin again that is quarantined since it kept dying");
  release->add_option("sha256", quarantined, "Of the file, or how it begins")->required();
  release->callback([&quarantined, &command] {
    command = [&quarantined](const Settings& s) { return ReleasePlugin(s, quarantined); };
  });
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  Command command;

  CLI::App app("Embeds datasets through plugins. Without a command: run.", "worker-datasets");
  app.set_version_flag("--version", "worker-datasets " DSW_VERSION);
  app.require_subcommand(0, 1);
  app.footer(
      "Settings come from the environment: `worker-datasets check-config --help-settings` lists "
      "them.\nExit codes: 0 done, 1 failed, 2 wrong usage.");

  RunOptions run;
  CLI::App* run_command = app.add_subcommand("run", "Serve jobs (the default command)");
  run_command->add_flag("--until-idle", run.until_idle,
                        "Leave once no job is waiting, in flight or delayed; with exit code 1 if "
                        "a job ended as a dead letter");
  run_command->callback([&] { command = [&](const Settings& s) { return RunWorker(s, run); }; });

  bool check_json = false;
  bool help_settings = false;
  CLI::App* check = app.add_subcommand(
      "check-config", "Print the effective settings, secrets masked, or all mistakes in them");
  check->add_flag("--json", check_json, "One JSON document");
  check->add_flag("--help-settings", help_settings, "List all settings instead");
  check->callback([&] {
    command = [&](const Settings& settings) { return CheckConfig(settings, check_json); };
  });

  CLI::App* migrate = app.add_subcommand(
      "migrate", "Make an empty database usable, or bring an older one up to date");
  migrate->callback([&] { command = MigrateDatabase; });

  PluginsOptions plugins;
  std::string quarantined;
  AddPlugins(app, plugins, quarantined, command);

  ImportOptions import;
  CLI::App* import_command =
      app.add_subcommand("import", "Read items from NDJSON into a dataset with a transform");
  import_command->add_option("files", import.files, "NDJSON files, or - for stdin")->required();
  import_command
      ->add_option("--dataset", import.dataset, "Title; made if missing, else appended to")
      ->required();
  import_command->add_option("--owner", import.owner, "Owner of what is made")
      ->capture_default_str();
  import_command->add_option("--embedder", import.embedder, "PROVIDER:MODEL")
      ->capture_default_str();
  import_command->add_option("--base-url", import.base_url, "Address of the provider");
  import_command->add_option("--api-key", import.api_key, "env:NAME or file:PATH");
  import_command->add_option("--config", import.config, "Provider settings, a JSON object");
  import_command->add_option("--batch-size", import.batch_size, "Chunks per batch")
      ->check(CLI::Range(1, 100000));
  import_command->add_option("--collection", import.collection, "Collection to embed into");
  import_command->add_flag("--strict", import.strict, "Store nothing if any line is bad");
  import_command->add_flag("--json", import.json, "One JSON document");
  import_command->callback([&] { command = [&](const Settings& s) { return Import(s, import); }; });

  SubmitOptions submit;
  CLI::App* submit_command = app.add_subcommand("submit", "Publish a job for a transform");
  CLI::Option_group* which = submit_command->add_option_group("which");
  which->add_option("--transform", submit.transform, "Id of the transform")->check(kWholeNumber);
  bool due = false;
  CLI::Option* all_due =
      which->add_flag("--due", due, "Every transform with something to embed and no job under way");
  which->require_option(1);
  submit_command
      ->add_option("--mode", submit.mode, "incremental: what is new or changed; full: all")
      ->check(CLI::IsMember({"incremental", "full"}))
      ->capture_default_str()
      ->excludes(all_due);
  submit_command->add_flag("--watch", submit.watch, "Follow the job to its end")->excludes(all_due);
  submit_command->add_flag("--json", submit.json,
                           "JSON; with --watch the status events, one a line");
  submit_command->callback([&] {
    command = [&](const Settings& settings) {
      return due ? SubmitDue(settings, submit.json) : Submit(settings, submit);
    };
  });

  VerifyOptions verify;
  CLI::App* verify_command =
      app.add_subcommand("verify", "Compare what the sink holds with what the database says");
  verify_command->add_option("--transform", verify.transform, "Id of the transform")
      ->required()
      ->check(kWholeNumber);
  verify_command->add_flag("--repair", verify.repair,
                           "Embed what is missing or wrong, remove what is not to be there");
  verify_command->add_flag("--json", verify.json, "One JSON document");
  verify_command->callback([&] { command = [&](const Settings& s) { return Verify(s, verify); }; });

  DeadLetterOptions dead_letters;
  AddDeadLetters(app, dead_letters, command);

  SearchOptions search;
  CLI::App* search_command =
      app.add_subcommand("search", "Ask what was embedded, with the transform's own embedder");
  search_command->add_option("--transform", search.transform, "Id of the transform")
      ->required()
      ->check(kWholeNumber);
  search_command
      ->add_option("--embedded-dataset", search.embedded_dataset,
                   "Which of the transform's embeddings (default: the first)")
      ->check(kWholeNumber);
  CLI::Option* query = search_command->add_option("query", search.query, "The question");
  search_command->add_option("--queries", search.queries, "File with a query a line, or -")
      ->excludes(query);
  search_command->add_option("-k", search.limit, "Number of answers")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  search_command->add_flag("--json", search.json, "JSON, one document a query");
  search_command->callback([&] {
    if (search.query.empty() && search.queries.empty()) {
      throw CLI::RequiredError("a query, or --queries FILE");
    }
    command = [&](const Settings& settings) { return Search(settings, search); };
  });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  if (help_settings) {
    std::fputs(SettingsHelp().c_str(), stdout);
    return kExitDone;
  }
  if (!command) command = [&](const Settings& settings) { return RunWorker(settings, run); };
  return RunWithSettings(command);
}

}  // namespace dsw
