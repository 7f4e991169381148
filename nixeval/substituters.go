package nixeval

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// defaultSubstituter is what Nix asks when no configuration says otherwise
// (nix.conf(5), substituters).
const defaultSubstituter = "https://cache.nixos.org/"

// answerWithin is how long a binary cache may take to accept a connection.
const answerWithin = time.Second

// substituterHosts gives the host:port of each configured binary cache that is
// reached by HTTP. It is empty if there is one of another kind, or a proxy,
// about which nothing can be said beforehand.
func substituterHosts() []string {
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy"} {
		if os.Getenv(name) != "" || os.Getenv(strings.ToUpper(name)) != "" {
			return nil
		}
	}
	substituters := []string{defaultSubstituter}
	for _, s := range settings() {
		switch s.name {
		case "substituters", "binary-caches":
			substituters = strings.Fields(s.value)
		case "extra-substituters", "extra-binary-caches":
			substituters = append(substituters, strings.Fields(s.value)...)
		}
	}
	var hosts []string
	for _, substituter := range substituters {
		u, err := url.Parse(substituter)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			return nil
		}
		port := u.Port()
		if port == "" {
			port = u.Scheme
		}
		hosts = append(hosts, net.JoinHostPort(u.Hostname(), port))
	}
	return hosts
}

// substitutesOff says whether the configuration forbids to ask binary caches.
func substitutesOff() bool {
	off := false
	for _, s := range settings() {
		switch s.name {
		case "substitute", "build-use-substitutes":
			off = s.value == "false"
		}
	}
	return off
}

// setting is one line of Nix's configuration.
type setting struct{ name, value string }

// settings gives Nix's configuration, weakest first: the system's, the user's,
// and NIX_CONFIG (nix.conf(5)).
func settings() []setting {
	system := os.Getenv("NIX_CONF_DIR")
	if system == "" {
		system = "/etc/nix"
	}
	all := settingsIn(filepath.Join(system, "nix.conf"), 0)
	if user, err := os.UserConfigDir(); err == nil {
		all = append(all, settingsIn(filepath.Join(user, "nix/nix.conf"), 0)...)
	}
	return append(all, parseSettings(os.Getenv("NIX_CONFIG"), "", 0)...)
}

// deepest bounds files that include each other, which Nix itself refuses.
const deepest = 10

// settingsIn reads a file; one that can't be read says nothing.
func settingsIn(file string, depth int) []setting {
	data, err := os.ReadFile(file)
	if err != nil || depth > deepest {
		return nil
	}
	return parseSettings(string(data), filepath.Dir(file), depth)
}

func parseSettings(text, dir string, depth int) (all []setting) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 2 && (words[0] == "include" || words[0] == "!include") {
			file := words[1]
			if !filepath.IsAbs(file) {
				file = filepath.Join(dir, file)
			}
			all = append(all, settingsIn(file, depth+1)...)
		} else if len(words) >= 2 && words[1] == "=" {
			all = append(all, setting{words[0], strings.Join(words[2:], " ")})
		}
	}
	return all
}

// anyAnswers tries all hosts side by side.
func anyAnswers(ctx context.Context, hosts []string) bool {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	answered := make(chan struct{}, len(hosts))
	var attempts sync.WaitGroup
	for _, host := range hosts {
		attempts.Go(func() {
			connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
			if err == nil {
				connection.Close()
				answered <- struct{}{}
				cancel()
			}
		})
	}
	attempts.Wait()
	return len(answered) > 0
}
