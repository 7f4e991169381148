package nixeval

import (
	"bufio"
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
// reached by HTTP. It is empty if there is one of another kind, about which
// nothing can be said beforehand.
func substituterHosts() []string {
	configured := []string{defaultSubstituter}
	for _, text := range configurations() {
		scanner := bufio.NewScanner(strings.NewReader(text))
		for scanner.Scan() {
			name, value, ok := strings.Cut(scanner.Text(), "=")
			if !ok {
				continue
			}
			value, _, _ = strings.Cut(value, "#")
			switch strings.TrimSpace(name) {
			case "substituters":
				configured = strings.Fields(value)
			case "extra-substituters":
				configured = append(configured, strings.Fields(value)...)
			}
		}
	}
	var hosts []string
	for _, substituter := range configured {
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

// configurations gives the texts of Nix's configuration, weakest first.
func configurations() []string {
	system := os.Getenv("NIX_CONF_DIR")
	if system == "" {
		system = "/etc/nix"
	}
	files := []string{filepath.Join(system, "nix.conf")}
	if user, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(user, "nix/nix.conf"))
	}
	var texts []string
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			texts = append(texts, string(data))
		}
	}
	return append(texts, os.Getenv("NIX_CONFIG"))
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
