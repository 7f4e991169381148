package render

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nixproc/lib/model"
)

// Any values at all give files of a container that say what was meant.
func FuzzDocker(f *testing.F) { fuzzedDocker.fuzz(f) }

var fuzzedDocker = fuzzed{
	model: func(t *testing.T, p random) model.Model {
		config, err := json.Marshal(map[string]any{
			"Cmd": []string{"/bin/x", p.argument, "last"}, "Env": []string{p.variable + "=" + p.value, "LAST=last"}, "WorkingDir": p.directory,
		})
		if err != nil {
			t.Fatal(err)
		}
		return modelWith(t, "docker", struct{}{}, dockerSpec{
			Image: "/store/x.tar", Tag: dockerTag(p), CreateParameters: []string{"--label", "a=" + p.argument, "--hostname", "h" + p.description},
			StopTimeout: text(strconv.Itoa(p.nice)), Config: text(string(config)),
		})
	},
	text: func(_ *testing.T, _ model.Model, profile *Profile) string {
		return joined(profile.Files, "x-docker-settings", "x-docker-createparams", "x-docker-config")
	},
	says: func(p random) map[string]string {
		says := map[string]string{
			"dockerImage": "/store/x.tar", "dockerImageTag": dockerTag(p), "dockerStopTimeout": strconv.Itoa(p.nice),
			"parameters": fmt.Sprintf("%q", []string{"--label", "a=" + p.argument, "--hostname", "h" + p.description}),
			"Cmd":        fmt.Sprintf("%q", []string{"/bin/x", p.argument, "last"}),
			"Env":        fmt.Sprintf("%q", []string{p.variable + "=" + p.value, "LAST=last"}),
		}
		if p.directory != "" {
			says["WorkingDir"] = p.directory
		}
		return says
	},
	read: readContainer,
	mayRefuse: func(p random) bool {
		return p.nice < 0 || p.variable == "" || p.variable[0] == '=' ||
			strings.Contains(p.argument+p.description, "\n") ||
			!regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`).MatchString(p.variable)
	},
	real: sourceSettings,
}

func dockerTag(p random) string { return "x:" + p.variable }

// readContainer reads assignments that a shell would not expand, words that
// stand in a line each, and the JSON of the image specification:
// https://github.com/opencontainers/image-spec/blob/main/config.md
func readContainer(text string) (map[string]string, error) {
	files := strings.Split(text, "\x00")
	if len(files) != 3 {
		return nil, fmt.Errorf("there are %d files", len(files))
	}
	found := map[string]string{}
	for _, line := range strings.Split(strings.TrimSuffix(files[0], "\n"), "\n") {
		name, value, ok := strings.Cut(line, "=")
		if !ok || !regexp.MustCompile(`^[A-Za-z0-9_.:/-]*$`).MatchString(value) {
			return nil, fmt.Errorf("%q is no plain assignment", line)
		}
		found[name] = value
	}
	found["parameters"] = fmt.Sprintf("%q", strings.Split(strings.TrimSuffix(files[1], "\n"), "\n"))
	var config map[string]any
	if err := json.Unmarshal([]byte(files[2]), &config); err != nil {
		return nil, err
	}
	for name, value := range config {
		if value == "" {
			continue // as if it were not there
		}
		found[name] = fmt.Sprint(value)
		if _, isList := value.([]any); isList {
			found[name] = fmt.Sprintf("%q", value)
		}
	}
	return found, nil
}

// sourceSettings has a shell, which docker's old tools were, read the settings.
func sourceSettings(t *testing.T, all []written) {
	for _, one := range all {
		settings, _, _ := strings.Cut(one.text, "\x00")
		out, err := exec.Command("sh", "-c", settings+`printf '%s\n%s\n%s\n' "$dockerImage" "$dockerImageTag" "$dockerStopTimeout"`).Output()
		want := []string{"/store/x.tar", dockerTag(one.random), strconv.Itoa(one.nice), ""}
		if got := strings.Split(string(out), "\n"); err != nil || !slices.Equal(got, want) {
			t.Errorf("a shell reads %q, want %q: %v", got, want, err)
		}
	}
}
