package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// scm is the service control manager.
type scm struct {
	dir      string
	mutex    sync.Mutex
	services map[string]*service
}

// The errors of Windows that cygrunsrv reports.
const (
	dependentsRun = 1051
	noService     = 1060
	notActive     = 1062
	exists        = 1073
)

func refused(what, function string, code int) answer {
	return answer{Code: 1, Err: fmt.Sprintf("cygrunsrv: Error %s a service: %s:  Win32 error %d\n", what, function, code)}
}

// do obeys a call.
func (m *scm) do(args []string) answer {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(args) == 2 && args[0] == "--list" && args[1] == "--verbose" {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(m.services)) {
			b.WriteString(m.services[name].describe(true))
		}
		return answer{Out: b.String()}
	}
	if len(args) < 2 || args[0] != "--install" && len(args) != 2 || strings.ContainsAny(args[1], `/\`) {
		return answer{Code: 1, Err: fmt.Sprintf("cygrunsrv: unrecognised call %q\n", args)}
	}
	name := args[1]
	if args[0] == "--install" {
		return m.install(name, args[2:])
	}
	words := map[string]string{"--query": "querying", "--start": "starting", "--stop": "stopping", "--remove": "removing"}
	one := m.services[name]
	switch {
	case words[args[0]] == "":
		return answer{Code: 1, Err: "cygrunsrv: unrecognised option " + args[0] + "\n"}
	case one == nil:
		return refused(words[args[0]], "OpenService", noService)
	case args[0] == "--query":
		return answer{Out: one.describe(false)}
	case args[0] == "--start":
		if !m.start(one) {
			return refused(words[args[0]], "QueryServiceStatus", notActive)
		}
		return answer{}
	}
	if one.running() && slices.ContainsFunc(slices.Collect(maps.Values(m.services)), func(other *service) bool {
		return other.running() && slices.Contains(other.dependencies, name)
	}) {
		return refused(words[args[0]], "ControlService", dependentsRun)
	}
	one.stop()
	if args[0] == "--remove" {
		delete(m.services, name)
	}
	return answer{}
}

func (m *scm) install(name string, parameters []string) answer {
	if m.services[name] != nil {
		return refused("installing", "OpenService", exists)
	}
	one, err := newService(name, parameters)
	if err != nil {
		return answer{Code: 1, Err: "cygrunsrv: " + err.Error() + "\n"}
	}
	one.dir = m.dir
	m.services[name] = one
	return answer{}
}

// start starts a service, and first those that it depends on.
func (m *scm) start(one *service) bool {
	if one.running() {
		return true
	}
	for _, name := range one.dependencies {
		if other := m.services[name]; other == nil || !m.start(other) {
			return false
		}
	}
	return one.start()
}

func (m *scm) endAll() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, one := range m.services {
		one.kill()
	}
}
