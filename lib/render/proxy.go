package render

import (
	"fmt"
	"slices"
	"strings"
)

// proxySuffix is how the path of our foreground proxy ends, in every version
// (nixproc/backends/util/foreground-proxy.nix).
const proxySuffix = "-foreground-proxy"

// proxyPIDFile finds, among the words of a command, the pid file that our
// foreground proxy watches; "" if there is none.
func proxyPIDFile(words []string) string {
	proxy := slices.IndexFunc(words, func(word string) bool { return strings.HasSuffix(word, proxySuffix) })
	if proxy < 0 {
		return ""
	}
	for i := proxy + 1; i+1 < len(words) && words[i] != "--"; i += 2 {
		if words[i] == "-p" {
			return words[i+1]
		}
	}
	return ""
}

// pidFiles are the processes of a model by their pid files. A proxy ends the
// process that it finds in its file, so two of them would end each other's.
type pidFiles map[string]string

func (p pidFiles) claim(file, process string) error {
	if file == "" {
		return nil
	}
	if other, taken := p[file]; taken && other != process {
		return fmt.Errorf("it has the pid file %s, which the process '%s' has, too: give one of them a pidFile of its own", file, other)
	}
	p[file] = process
	return nil
}
