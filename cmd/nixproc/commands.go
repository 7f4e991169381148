package main

import (
	"embed"
	"slices"
	"strings"
	"sync"
	"text/template"
)

// managers are the process managers that this version can deploy with.
var managers = []string{"bsdrc", "cygrunsrv", "disnix", "docker", "launchd", "s6-rc", "supervisord", "systemd", "sysvinit"}

// texts are the help texts: one for each command, called after it, and the parts
// that they share.
//
//go:embed usage
var texts embed.FS

func commands() map[string]command {
	found := map[string]command{
		"boot": {
			run: boot, help: page("boot", "", text("boot")),
			set: optionSet{profile: true, runlevel: true},
		},
		"build": {
			run: build, help: page("build", "", text("build")),
			set: optionSet{build: true, manager: true, outLink: true, directory: true},
		},
		"chainload-user": {
			run: chainloadUser, help: page("chainload-user", "", text("chainload-user")), leads: true,
		},
		"completion": {run: completion, help: page("completion", "", text("completion"))},
		"deploy": {
			run: chosen(deployWith), help: page("deploy", "", text("deploy")),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
		"generate-config": {
			run: generateConfig, help: page("generate-config", "", text("generate-config")),
			set: optionSet{config: true, manager: true, outLink: true, directory: true},
		},
		"generations": {
			run: present(generationsFor), help: page("generations", "", text("generations")),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
		"id-assign": {
			run: idAssign, help: page("id-assign", "", text("id-assign")),
			set: optionSet{build: true, stateless: true, directory: true, ids: true, idsOutput: true},
		},
		"image": {
			run: makeImage, help: page("image", "", text("image")),
			set: optionSet{build: true, stateless: true, manager: true, image: true, directory: true},
		},
		"init-state": {
			run: initState, help: page("init-state", "", text("init-state")),
			set: optionSet{directory: true},
		},
		"man": {run: man, help: page("man", "", text("man"))},
		"network-plan": {
			run: networkPlan, help: page("network-plan", "", text("network-plan")),
			set: optionSet{build: true, manager: true, directory: true, ids: true, network: true, coordinate: true, spread: true},
		},
		"network-status": {
			run: networkStatus, help: page("network-status", "", text("network-status")),
			set: optionSet{coordinate: true},
		},
		"network-switch": {
			run: networkSwitch, help: page("network-switch", "", text("network-switch")),
			set: optionSet{build: true, manager: true, directory: true, ids: true, network: true, coordinate: true, spread: true},
		},
		"plan": {
			run: chosen(planFor), help: page("plan", "", text("plan")),
			set: ofAny(optionSet{build: true, compare: true, goBack: true, ids: true}),
		},
		"recover": {
			run: recoverSwitch, help: page("recover", "", text("recover")),
			set: optionSet{recovery: true},
		},
		"rollback": {
			run: present(rollbackFor), help: page("rollback", "", text("rollback")),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
		"status": {
			run: status, help: page("status", "", text("status")),
			set: optionSet{status: true, manager: true, runlevel: true, userUnits: true},
		},
		"switch": {
			run: chosen(switchWith), help: page("switch", "", text("switch")),
			set: ofAny(optionSet{build: true, compare: true, deploy: true, goBack: true, generation: true, ids: true}),
		},
		"test": {
			run: testSuites, help: page("test", "", text("test")),
			set: optionSet{suites: true},
		},
		"undeploy": {
			run: present(undeployFor), help: page("undeploy", "", text("undeploy")),
			set: ofAny(optionSet{compare: true, deploy: true}),
		},
	}
	for _, manager := range managers {
		found[manager+"-switch"] = command{
			run: switchWith(manager), help: page(manager+"-switch", manager, text(manager+"-switch")),
			set: ofOne(manager, optionSet{
				build: true, compare: true, deploy: true, goBack: true, generation: true, ids: true,
			}),
		}
		found[manager+"-deploy"] = command{
			run: deployWith(manager), help: page(manager+"-deploy", manager, text(manager+"-deploy")),
			set: ofOne(manager, optionSet{compare: true, deploy: true}),
		}
	}
	for _, manager := range []string{"bsdrc", "sysvinit"} {
		found[manager+"-runactivity"] = command{
			run: runActivityWith(manager), help: page(manager+"-runactivity", manager, text(manager+"-runactivity")),
			set: optionSet{activity: true, runlevel: manager == "sysvinit"},
		}
	}
	found["s6-svscan"] = command{
		run: s6svscan, help: page("s6-svscan", "s6-rc", text("s6-svscan")),
		set: optionSet{scan: true},
	}
	found["supervisord-deploy-stateless"] = command{
		run: deployStateless, help: page("supervisord-deploy-stateless", "supervisord", text("supervisord-deploy-stateless")),
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

// parts are the texts by the names of their files.
var parts = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(texts, "usage/parts/*.txt"))
})

// text is the help text of a command.
func text(name string) string {
	data, err := texts.ReadFile("usage/" + name + ".txt")
	if err != nil {
		panic(err) // it is missing in this directory
	}
	return string(data)
}

// page gives what fills in a help text: most runs need none of them.
func page(name, manager, text string) func() string {
	return func() string {
		var b strings.Builder
		t := template.Must(parts().New(name).Parse(text))
		err := t.Execute(&b, map[string]string{"Name": name, "Manager": manager})
		if err != nil {
			panic(err) // a text of our own is wrong
		}
		return b.String()
	}
}

func overview() string {
	names := make([]string, 0, 16)
	for name := range commands() {
		names = append(names, "  nixproc "+name)
	}
	slices.Sort(names)
	return text("overview") + strings.Join(names, "\n") + "\n"
}
