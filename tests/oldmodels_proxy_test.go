package tests

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// The original writes a script for each process that has to be prepared, or held
// in the foreground; ours has one for all, and arguments that say the rest. Both
// become the same words.

// proxyScript is what theirs looks like, but for the initialization.
var proxyScript = regexp.MustCompile(`(?s)^#! /bin/bash -e\n\n(.*)\n\n(?:exec (?:\S+/bin/nixproc-chainload-user (\S+) )?(?:nice -n (\S+) )?"(\S+)" "\$@"\n|` +
	`export _TOP_PID=\$\$\n.*\n# Start process in the background as a daemon\n(?:\S+/bin/nixproc-chainload-user (\S+) )?(?:nice -n (\S+) )?(\S+) "\$@"\n.*\npid=\$\(cat (\S+)\)\n.*\nwait \$blocker_pid\n)\n\z`)

// theirProxy says in words what a script of theirs does, and is "" if it is none.
func theirProxy(path string) string {
	m := proxyScript.FindStringSubmatch(fileText(path))
	if m == nil {
		return ""
	}
	pidFile := m[8]
	if strings.HasSuffix(pidFile, "/$(basename "+m[7]+").pid") {
		pidFile = filepath.Join(filepath.Dir(pidFile), filepath.Base(m[7])+".pid")
	}
	return proxyWords(m[1]+"\n", m[2]+m[5], m[3]+m[6], "", pidFile, m[4]+m[7])
}

func proxyWords(initialize, user, nice, directory, pidFile, program string) string {
	if strings.TrimSpace(initialize) == "" {
		initialize = ""
	}
	return fmt.Sprintf("PROXY initialize=%q user=%q nice=%q directory=%q pidFile=%q PROGRAM %s",
		withoutHashes(initialize), user, nice, directory, pidFile, program)
}

var ourProxy = regexp.MustCompile(`/bin/bash (\S+-foreground-proxy)((?: -[idup] \S+)*) -- (\S+)`)

// ourProxies says the same in the same words of the arguments of ours.
func ourProxies(text string) string {
	return ourProxy.ReplaceAllStringFunc(text, func(words string) string {
		m := ourProxy.FindStringSubmatch(words)
		option := map[string]string{}
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			option[fields[i]] = fields[i+1]
		}
		initialize := ""
		if option["-i"] != "" {
			initialize = fileText(option["-i"])
		}
		return proxyWords(initialize, option["-u"], "", option["-d"], option["-p"], m[3])
	})
}

var theirProxyPath = regexp.MustCompile(`/\S+-foregroundproxy\.sh`)

// noDirectory leaves out where a proxy goes to.
var noDirectory = replacing(`(PROXY .*) directory="[^"]+" (pidFile=)`, `$1 directory="" $2`)

// proxies says of both in words what the proxies in them do.
func proxies(text string) string {
	return ourProxies(theirProxyPath.ReplaceAllStringFunc(text, func(path string) string {
		if words := theirProxy(path); words != "" {
			return words
		}
		return path
	}))
}
