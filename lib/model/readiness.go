package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Readiness is how a process shows that it can be used: what depends on it
// starts only then. One of TCP, HTTP and Command is set.
type Readiness struct {
	TCP     string   `json:"tcp,omitempty"`     // "PORT", of this machine, or "HOST:PORT"
	HTTP    string   `json:"http,omitempty"`    // a URL
	Command []string `json:"command,omitempty"` // the first word is an absolute path
	Seconds float64  `json:"timeout"`           // to become ready
}

const (
	defaultSeconds = 10
	mostSeconds    = 24 * 60 * 60
)

// Timeout is how long the process has to become ready.
func (r Readiness) Timeout() time.Duration {
	return time.Duration(r.Seconds * float64(time.Second))
}

// ParseReadiness reads the attribute readiness of a process; nil stands for none.
// The problems are all that is wrong with it.
func ParseReadiness(raw json.RawMessage) (*Readiness, []error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var whole any
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, []error{err}
	}
	if whole == nil {
		return nil, nil
	}
	given, ok := whole.(map[string]any)
	if !ok {
		return nil, []error{fmt.Errorf("attribute 'readiness' is %s, where a set is due", kindOf(whole))}
	}
	r := Readiness{Seconds: defaultSeconds}
	var problems []error
	var ways []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		var problem string
		switch value := given[name]; name {
		case "tcp":
			r.TCP, problem = address(value)
		case "http":
			r.HTTP, problem = page(value)
		case "command":
			r.Command, problem = words(value)
		case "timeout":
			r.Seconds, problem = seconds(value)
		default:
			problem = "is unknown: there are tcp, http, command and timeout"
		}
		if problem != "" {
			problems = append(problems, fmt.Errorf("attribute 'readiness.%s' %s", name, problem))
		}
		if name == "tcp" || name == "http" || name == "command" {
			ways = append(ways, name)
		}
	}
	switch {
	case len(ways) == 0:
		problems = append(problems, fmt.Errorf("attribute 'readiness' has neither tcp nor http nor command"))
	case len(ways) > 1:
		problems = append(problems, fmt.Errorf("attribute 'readiness' has %s, where one of them is due", strings.Join(ways, " and ")))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return &r, nil
}

// address reads a port, or a host with a port.
func address(value any) (text, problem string) {
	port := ""
	switch value := value.(type) {
	case float64:
		port = strconv.FormatFloat(value, 'f', -1, 64)
		text = port
	case string:
		text, port = value, value
		if strings.Contains(value, ":") {
			host, behind, err := net.SplitHostPort(value)
			if err != nil || host == "" {
				return "", fmt.Sprintf("is %q, where a port, or \"host:port\", is due", value)
			}
			port = behind
		}
	default:
		return "", fmt.Sprintf("is %s, where a port, or \"host:port\", is due", kindOf(value))
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", fmt.Sprintf("has %q for a port, where a number from 1 to 65535 is due", port)
	}
	return text, ""
}

func page(value any) (text, problem string) {
	text, ok := value.(string)
	if !ok {
		return "", fmt.Sprintf("is %s, where a URL is due", kindOf(value))
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" || parsed.Hostname() == "" {
		return "", fmt.Sprintf("is %q, where a URL that begins with http:// is due", text)
	}
	if port := parsed.Port(); port != "" {
		_, problem = address(port)
	}
	return text, problem
}

func words(value any) (all []string, problem string) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Sprintf("is %s, where a list is due", kindOf(value))
	}
	for _, one := range list {
		switch one := one.(type) {
		case string:
			all = append(all, one)
		case float64:
			all = append(all, strconv.FormatFloat(one, 'f', -1, 64))
		default:
			return nil, fmt.Sprintf("has %s in it, where text is due", kindOf(one))
		}
	}
	switch {
	case len(all) == 0:
		return nil, "is empty, where a program with its arguments is due"
	case !strings.HasPrefix(all[0], "/"):
		return nil, fmt.Sprintf("begins with %q, where the absolute path of a program is due", all[0])
	case slices.ContainsFunc(all, func(word string) bool { return strings.Contains(word, "\x00") }):
		return nil, "has a null character in it"
	}
	return all, ""
}

func seconds(value any) (number float64, problem string) {
	number, ok := value.(float64)
	if !ok {
		return 0, fmt.Sprintf("is %s, where a number of seconds is due", kindOf(value))
	}
	if number <= 0 || number > mostSeconds || math.IsNaN(number) {
		return 0, fmt.Sprintf("is %v, where a number of seconds above 0, and at most %d, is due", number, mostSeconds)
	}
	return number, ""
}

// kindOf says in words what a value is, as nixproc/process/kind.nix does.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case map[string]any:
		return "a set"
	case []any:
		return "a list"
	case string:
		return "a string"
	case float64:
		return "a number"
	}
	return "true or false"
}
