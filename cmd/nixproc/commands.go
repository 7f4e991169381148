package main

import (
	_ "embed"
	"slices"
	"strings"
	"text/template"
)

// managers are the process managers that this version can deploy with.
var managers = []string{"bsdrc", "cygrunsrv", "disnix", "docker", "launchd", "s6-rc", "supervisord", "systemd", "sysvinit"}

//go:embed usage/overview.txt
var overviewText string

//go:embed usage/switch.txt
var switchText string

//go:embed usage/deploy.txt
var deployText string

//go:embed usage/boot.txt
var bootText string

//go:embed usage/runactivity.txt
var runactivityText string

//go:embed usage/build.txt
var buildText string

//go:embed usage/generate-config.txt
var generateConfigText string

//go:embed usage/init-state.txt
var initStateText string

//go:embed usage/id-assign.txt
var idAssignText string

//go:embed usage/recover.txt
var recoverText string

//go:embed usage/status.txt
var statusText string

//go:embed usage/stateless.txt
var statelessText string

//go:embed usage/s6-svscan.txt
var s6svscanText string

//go:embed usage/chainload-user.txt
var chainloadText string

//go:embed usage/directories.txt
var directoriesText string

//go:embed usage/environment.txt
var environmentText string

//go:embed usage/own-options.txt
var ownOptionsText string

func commands() map[string]command {
	found := map[string]command{
		"boot": {
			run: boot, help: page("boot", "", bootText),
			set: optionSet{profile: true, runlevel: true},
		},
		"build": {
			run: build, help: page("build", "", buildText),
			set: optionSet{build: true, manager: true, outLink: true, directory: true},
		},
		"chainload-user": {
			run: chainloadUser, help: page("chainload-user", "", chainloadText), leads: true,
		},
		"generate-config": {
			run: generateConfig, help: page("generate-config", "", generateConfigText),
			set: optionSet{config: true, manager: true, outLink: true, directory: true},
		},
		"id-assign": {
			run: idAssign, help: page("id-assign", "", idAssignText),
			set: optionSet{build: true, stateless: true, directory: true, ids: true, idsOutput: true},
		},
		"init-state": {
			run: initState, help: page("init-state", "", initStateText),
			set: optionSet{directory: true},
		},
		"recover": {
			run: recoverSwitch, help: page("recover", "", recoverText),
			set: optionSet{recovery: true},
		},
		"status": {
			run: status, help: page("status", "", statusText),
			set: optionSet{status: true, manager: true, runlevel: true, userUnits: true},
		},
	}
	for _, manager := range managers {
		found[manager+"-switch"] = command{
			run: switchWith(manager), help: page(manager+"-switch", manager, switchText),
			set: optionSet{
				build: true, deploy: true, generation: true, directory: true, ids: true,
				runlevel: manager == "sysvinit", userUnits: manager == "systemd", atBoot: manager == "bsdrc",
			},
		}
		found[manager+"-deploy"] = command{
			run: deployWith(manager), help: page(manager+"-deploy", manager, deployText),
			set: optionSet{
				deploy: true, directory: true,
				runlevel: manager == "sysvinit", userUnits: manager == "systemd", atBoot: manager == "bsdrc",
			},
		}
	}
	for _, manager := range []string{"bsdrc", "sysvinit"} {
		found[manager+"-runactivity"] = command{
			run: runActivityWith(manager), help: page(manager+"-runactivity", manager, runactivityText),
			set: optionSet{activity: true, runlevel: manager == "sysvinit"},
		}
	}
	found["s6-svscan"] = command{
		run: s6svscan, help: page("s6-svscan", "s6-rc", s6svscanText),
		set: optionSet{scan: true},
	}
	found["supervisord-deploy-stateless"] = command{
		run: deployStateless, help: page("supervisord-deploy-stateless", "supervisord", statelessText),
		set: optionSet{build: true, stateless: true, directory: true},
	}
	return found
}

// page fills in a help text.
func page(name, manager, text string) string {
	var b strings.Builder
	t := template.Must(template.New(name).Parse(text))
	for part, text := range map[string]string{
		"directories": directoriesText, "environment": environmentText, "own-options": ownOptionsText,
	} {
		template.Must(t.New(part).Parse(text))
	}
	err := t.Execute(&b, map[string]string{"Name": name, "Manager": manager})
	if err != nil {
		panic(err) // a text of our own is wrong
	}
	return b.String()
}

func overview() string {
	names := make([]string, 0, 16)
	for name := range commands() {
		names = append(names, "  nixproc "+name)
	}
	slices.Sort(names)
	return overviewText + strings.Join(names, "\n") + "\n"
}
