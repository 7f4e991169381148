package tests

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checkSuites looks whether tests are complete, and gives what they call on machine.
func checkSuites(t *testing.T, suites recordedSuites) (all [][]string) {
	t.Helper()
	var texts []string
	var tests []recorded
	for suite, profiles := range suites {
		for profile, managers := range profiles {
			for manager, test := range managers {
				test.Name = strings.Join([]string{suite, profile, manager}, ".")
				tests = append(tests, test)
				texts = append(texts, test.TestScript)
				checkMachine(t, test, profile, manager)
			}
		}
	}
	calls := callsOn(t, texts)
	deployments := map[string]string{}
	for i, test := range tests {
		deployed := 0
		for _, call := range calls[i] {
			if len(call) < 2 || call[0] != "succeed" || !deploys.MatchString(call[1]) {
				continue
			}
			deployed++
			tools := "-nixproc-" + deploys.FindStringSubmatch(call[1])[1] + "-tools"
			if !slices.ContainsFunc(test.Machine.Environment.SystemPackages, func(path string) bool { return strings.HasSuffix(path, tools) }) {
				t.Errorf("%s: the machine has none of %s, for %q", test.Name, tools, call[1])
			}
			deployments[storePath.ReplaceAllString(call[1], "/nowhere")] = test.Name
		}
		if want := len(test.Machine.Virtualisation.AdditionalPaths); deployed != want || want == 0 {
			t.Errorf("%s: %d of %d profiles are deployed:\n%s", test.Name, deployed, want, test.TestScript)
		}
		all = append(all, calls[i]...)
	}
	checkDeployments(t, deployments)
	return all
}

var (
	storePath = regexp.MustCompile(`/[^\s"']*/store/[0-9a-z]{32}-[-+._?=0-9a-zA-Z]+`)
	deploys   = regexp.MustCompile(`\bnixproc-([a-z0-9-]+)-deploy\b`)
)

// checkMachine looks at the configuration of a machine.
func checkMachine(t *testing.T, test recorded, profile, manager string) {
	t.Helper()
	unprivileged := profile == "unprivileged"
	if test.Machine.Users.Users["unprivileged"].IsNormalUser != unprivileged {
		t.Errorf("%s: the machine has the users %v", test.Name, test.Machine.Users)
	}
	if got := test.Machine.Boot.ExtraSystemdUnitPaths; (len(got) == 1) != (manager == "systemd" && !unprivileged) {
		t.Errorf("%s: the machine takes units from %q", test.Name, got)
	}
	if !strings.Contains(test.Machine.Nix.ExtraOptions, "substitute = false") {
		t.Errorf("%s: the machine asks for substitutes: %q", test.Name, test.Machine.Nix.ExtraOptions)
	}
}

// callsOn gives what each Python text calls on machine: methods with their
// arguments. Texts that are no Python are an error.
func callsOn(t *testing.T, texts []string) [][][]string {
	t.Helper()
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "recording/statements.py")
	cmd.Stdin = strings.NewReader(string(input))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the test scripts are no Python: %v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	var calls [][][]string
	if err := json.Unmarshal(out, &calls); err != nil {
		t.Fatal(err)
	}
	return calls
}

// checkDeployments has our commands take the command lines, by their old names, as
// the user whom su makes of the caller would. They name a profile that does not
// exist, so nothing else is wrong with them.
func checkDeployments(t *testing.T, lines map[string]string) {
	t.Helper()
	d := newDeployment(t)
	for line := range lines {
		name := deploys.FindString(line)
		if _, err := os.Lstat(d.path(name)); err != nil {
			if err := os.Symlink(d.binary, d.path(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for line, test := range lines {
		r := d.program("sh", "-c", `su() { sh -c "$4"; }; PATH=$PWD:$PATH; `+line)
		if r.code != 65 || !strings.Contains(r.stderr, "/nowhere does not exist") {
			t.Errorf("%s: %s: exit code %d\n%s", test, line, r.code, r.stderr)
		}
	}
}
