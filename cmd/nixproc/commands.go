package main

import (
	"embed"
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

//go:embed usage/switch-any.txt
var switchAnyText string

//go:embed usage/deploy-any.txt
var deployAnyText string

//go:embed usage/plan.txt
var planText string

//go:embed usage/undeploy.txt
var undeployText string

//go:embed usage/rollback.txt
var rollbackText string

//go:embed usage/generations.txt
var generationsText string

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

//go:embed usage/status.txt
var statusText string

//go:embed usage/stateless.txt
var statelessText string

//go:embed usage/s6-svscan.txt
var s6svscanText string

//go:embed usage/chainload-user.txt
var chainloadText string

// partTexts are those that pages share.
//
//go:embed usage/directories.txt usage/environment.txt usage/*-options.txt
var partTexts embed.FS

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
		"completion": {run: completion, help: page("completion", "", completionText)},
		"deploy": {
			run: chosen(deployWith), help: page("deploy", "", deployAnyText),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
		"generate-config": {
			run: generateConfig, help: page("generate-config", "", generateConfigText),
			set: optionSet{config: true, manager: true, outLink: true, directory: true},
		},
		"generations": {
			run: present(generationsFor), help: page("generations", "", generationsText),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
		"id-assign": {
			run: idAssign, help: page("id-assign", "", idAssignText),
			set: optionSet{build: true, stateless: true, directory: true, ids: true, idsOutput: true},
		},
		"init-state": {
			run: initState, help: page("init-state", "", initStateText),
			set: optionSet{directory: true},
		},
		"man": {run: man, help: page("man", "", manText)},
		"plan": {
			run: chosen(planFor), help: page("plan", "", planText),
			set: ofAny(optionSet{build: true, compare: true, goBack: true, ids: true}),
		},
		"rollback": {
			run: present(rollbackFor), help: page("rollback", "", rollbackText),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
		"status": {
			run: status, help: page("status", "", statusText),
			set: optionSet{status: true, manager: true, runlevel: true, userUnits: true},
		},
		"switch": {
			run: chosen(switchWith), help: page("switch", "", switchAnyText),
			set: ofAny(optionSet{build: true, compare: true, deploy: true, goBack: true, generation: true, ids: true}),
		},
		"undeploy": {
			run: present(undeployFor), help: page("undeploy", "", undeployText),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
	}
	for _, manager := range managers {
		found[manager+"-switch"] = command{
			run: switchWith(manager), help: page(manager+"-switch", manager, switchText),
			set: ofOne(manager, optionSet{
				build: true, compare: true, deploy: true, goBack: true, generation: true, ids: true,
			}),
		}
		found[manager+"-deploy"] = command{
			run: deployWith(manager), help: page(manager+"-deploy", manager, deployText),
			set: ofOne(manager, optionSet{compare: true, deploy: true}),
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

// ofOne adds what all commands of a manager take.
func ofOne(manager string, set optionSet) optionSet {
	set.directory = true
	set.runlevel, set.userUnits, set.atBoot = manager == "sysvinit", manager == "systemd", manager == "bsdrc"
	return set
}

// ofAny adds what the commands take that -P tells the manager.
func ofAny(set optionSet) optionSet {
	set.directory, set.manager = true, true
	set.runlevel, set.userUnits, set.atBoot = true, true, true
	return set
}

// parts are by their names in partTexts, without the ending.
var parts = template.Must(template.ParseFS(partTexts, "usage/*.txt"))

// page fills in a help text.
func page(name, manager, text string) string {
	var b strings.Builder
	t := template.Must(template.Must(parts.Clone()).New(name).Parse(text))
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
