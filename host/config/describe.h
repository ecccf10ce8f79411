// SPDX-License-Identifier: Apache-2.0
//
// Settings for people and programs to read: what there is, and what is in force.
#pragma once

#include <string>

#include "host/config/settings.h"

namespace dsw {

/// Every variable with its default, what it may be, and what it does.
std::string SettingsHelp();

/// An environment file with every variable commented out at its default.
std::string EnvironmentFile();

/// What is in force, a line each, passwords masked; what differs from the default is marked.
std::string EffectiveText(const Settings& settings);

/// The same as a JSON document: {"settings": [{"name", "value", "default", "source", "allowed",
/// "help"}, …], "warnings": […]}; "source" is "default" or "environment".
std::string EffectiveJson(const Settings& settings);

}  // namespace dsw
