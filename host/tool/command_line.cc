// SPDX-License-Identifier: Apache-2.0
#include "host/tool/command_line.h"

#include <cstdio>
#include <functional>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "host/base/utf8.h"
#include "host/tool/commands.h"

namespace dsw {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

using Command = std::function<Status()>;

void AddLock(CLI::App& app, LockOptions& options, Command& command) {
  CLI::App* lock = app.add_subcommand("lock", "Write plugins.lock from the plugins of a directory");
  lock->add_option("directory", options.directory, "Where the plugins are")->required();
  const std::map<std::string, PluginMode> modes = {{"any", PluginMode::kAny},
                                                   {"inproc", PluginMode::kInProcess},
                                                   {"isolated", PluginMode::kIsolated}};
  lock->add_option("--mode", options.mode, "Where those not listed yet may run (default: any)")
      ->transform(CLI::CheckedTransformer(modes).description("any|inproc|isolated"));
  lock->footer(
      "Look through what it wrote before you sign it. Modes and grants that you changed\n"
      "there are kept; the earlier signature is removed.");
  lock->callback([&] { command = [&] { return LockPlugins(options); }; });
}

void AddSign(CLI::App& app, SignOptions& options, Command& command) {
  CLI::App* sign = app.add_subcommand("sign", "Sign the plugins.lock of a directory");
  sign->add_option("directory", options.directory, "Where plugins.lock is")->required();
  sign->add_option("--key", options.key, "NAME.key, as keygen makes it")->required();
  sign->callback([&] { command = [&] { return SignLock(options); }; });
}

void AddVerify(CLI::App& app, VerifyOptions& options, Command& command) {
  CLI::App* verify =
      app.add_subcommand("verify", "Say of each file of a directory whether it is as locked");
  verify->add_option("directory", options.directory, "Where the plugins are")->required();
  verify->add_option("--keys", options.keys,
                     "*.pub file, or directory of them: a signature by one is required");
  verify->callback([&] { command = [&] { return VerifyPlugins(options); }; });
}

}  // namespace

int RunPluginTool(int argc, char** argv) {
  Command command;
  CLI::App app("Locks, signs and looks at plugins of worker-datasets; never runs them.",
               "dsw-plugin");
  app.set_version_flag("--version", "dsw-plugin " DSW_VERSION);
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 failed, 2 wrong usage.");

  LockOptions lock;
  AddLock(app, lock, command);

  std::string name;
  CLI::App* keygen = app.add_subcommand("keygen", "Make a pair of keys: NAME.key and NAME.pub");
  keygen->add_option("name", name, "Name, or path without the ending")->required();
  keygen->callback([&] { command = [&] { return MakeKey(name); }; });

  SignOptions sign;
  AddSign(app, sign, command);
  VerifyOptions verify;
  AddVerify(app, verify, command);

  std::string file;
  bool json = false;
  CLI::App* inspect = app.add_subcommand("inspect", "Print what a file says about itself");
  inspect->add_option("file", file, "A plugin")->required();
  inspect->add_flag("--json", json, "One JSON document");
  inspect->callback([&] { command = [&] { return InspectPlugin(file, json); }; });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  const Status status = command();
  if (status) return kDone;
  std::fflush(stdout);
  std::fprintf(stderr, "dsw-plugin: %s\n", Visible(status.error().message).c_str());
  return kFailed;
}

}  // namespace dsw
