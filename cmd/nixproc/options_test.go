package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// words says what a command line was understood as: --name or --name=value for
// each option in order, then -- and the operands.
func words(settings []setting, operands []string) []string {
	var all []string
	for _, s := range settings {
		if isSwitch(s.flag) {
			all = append(all, "--"+s.flag.Name)
		} else {
			all = append(all, "--"+s.flag.Name+"="+s.value)
		}
	}
	return append(append(all, "--"), operands...)
}

func flagsOf(set optionSet) *pflag.FlagSet {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	(&options{}).define(flags, set)
	return flags
}

// The command line is read as getopt(1), which the older tools used, reads it.
func TestGetoptHabits(t *testing.T) {
	commands := commands()
	for _, c := range []struct {
		command string
		args    []string
		want    []string // nil: refused
		message string
	}{
		{"sysvinit-switch", nil, []string{"--"}, ""},
		{"sysvinit-switch", []string{"a", "--undeploy", "b"}, []string{"--undeploy", "--", "a", "b"}, ""},
		{"sysvinit-switch", []string{"--undep"}, []string{"--undeploy", "--"}, ""},
		{"sysvinit-switch", []string{"--undeploy=yes"}, nil, "option --undeploy takes no value"},
		{"sysvinit-switch", []string{"--undeploy="}, nil, "option --undeploy takes no value"},
		{"sysvinit-switch", []string{"--undeploy=true"}, nil, "option --undeploy takes no value"},
		{"sysvinit-switch", []string{"-p=x"}, []string{"--profile==x", "--"}, ""},
		{"sysvinit-switch", []string{"-px"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"-p", "x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--profile=x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--profile", "x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--prof", "x"}, []string{"--profile=x", "--"}, ""},
		{"sysvinit-switch", []string{"--profile=a=b"}, []string{"--profile=a=b", "--"}, ""},
		{"sysvinit-switch", []string{"-p"}, nil, "option -p needs a value"},
		{"sysvinit-switch", []string{"--profile"}, nil, "option --profile needs a value"},
		{"sysvinit-switch", []string{"--pro"}, nil, "option --profile needs a value"},
		// D28: a value is a value, whatever it looks like.
		{"sysvinit-switch", []string{"--state-dir", "--undeploy"}, []string{"--state-dir=--undeploy", "--"}, ""},
		{"sysvinit-switch", []string{"-p", "--"}, []string{"--profile=--", "--"}, ""},
		{"sysvinit-switch", []string{"--profile", "-h", "x"}, []string{"--profile=-h", "--", "x"}, ""},
		{"sysvinit-switch", []string{"--", "--undeploy", "-p"}, []string{"--", "--undeploy", "-p"}, ""},
		{"sysvinit-switch", []string{"a", "--", "-h"}, []string{"--", "a", "-h"}, ""},
		{"sysvinit-switch", []string{"-", "--undeploy"}, []string{"--undeploy", "--", "-"}, ""},
		{"sysvinit-switch", []string{"", "x"}, []string{"--", "", "x"}, ""},
		{"sysvinit-switch", []string{"--state-dir="}, []string{"--state-dir=", "--"}, ""},
		{"sysvinit-switch", []string{"--state-dir", ""}, []string{"--state-dir=", "--"}, ""},
		{"sysvinit-switch", []string{"--s"}, nil, "option --s is ambiguous: --show-trace, --spool-dir, --state-dir, --switch-generation"},
		{"sysvinit-switch", []string{"--l=x"}, nil, "option --l is ambiguous: --lib-dir, --list-generations, --lock-dir, --log-dir"},
		{"sysvinit-switch", []string{"--nonsense=5"}, nil, "unknown option --nonsense"},
		{"sysvinit-switch", []string{"-x"}, nil, "unknown option -x"},
		{"sysvinit-switch", []string{"-hx"}, nil, "unknown option -x"},
		{"sysvinit-switch", []string{"-hé"}, nil, "unknown option -é"},
		{"sysvinit-switch", []string{"-h=x"}, nil, "unknown option -="},
		{"sysvinit-switch", []string{"-undeploy"}, nil, "unknown option -u"},
		// One way to say it is documented; the other is known, too.
		{"sysvinit-switch", []string{"--switch=3"}, []string{"--switch-generation=3", "--"}, ""},
		{"sysvinit-switch", []string{"--switch-to-generation=3"}, []string{"--switch-to-generation=3", "--"}, ""},
		{"sysvinit-switch", []string{"--switch-to", "3"}, []string{"--switch-to-generation=3", "--"}, ""},
		{"sysvinit-switch", []string{"-r"}, nil, "unknown option -r"},
		{"sysvinit-runactivity", []string{"-rp", "NAME", "stop"}, []string{"--reverse", "--profile=NAME", "--", "stop"}, ""},
		{"sysvinit-runactivity", []string{"-rpNAME", "stop"}, []string{"--reverse", "--profile=NAME", "--", "stop"}, ""},
		{"sysvinit-runactivity", []string{"-prh"}, []string{"--profile=rh", "--"}, ""},
		{"sysvinit-runactivity", []string{"-rh"}, []string{"--reverse", "--help", "--"}, ""},
		{"build", []string{"-P", "sysvinit", "x"}, []string{"--process-manager=sysvinit", "--", "x"}, ""},
		{"build", []string{"-p", "x"}, nil, "unknown option -p"},
		{"init-state", []string{"--undeploy"}, nil, "unknown option --undeploy"},
	} {
		t.Run(fmt.Sprintf("%s %q", c.command, c.args), func(t *testing.T) {
			settings, operands, err := getopt(flagsOf(commands[c.command].set), c.args)
			if c.want == nil {
				if err == nil || err.Error() != c.message {
					t.Errorf("got %q and the error %v, want the error %q", words(settings, operands), err, c.message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := words(settings, operands); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What options mean, beyond how they are written.
func TestOptionValues(t *testing.T) {
	set := commands()["sysvinit-switch"].set
	for _, c := range []struct {
		args    []string
		message string // "" accepted
		check   func(*options) bool
	}{
		{[]string{"-p", "a", "-p", "b"}, "", func(o *options) bool { return o.profile == "b" }},
		{[]string{"--switch-to-generation", "3"}, "", func(o *options) bool { return o.switchGeneration == "3" }},
		{[]string{"--extra-params="}, "", func(o *options) bool { return o.extraParams == "" }},
		{[]string{"--jobs=3"}, "", func(o *options) bool { return o.jobs == 3 }},
		{[]string{"--jobs=x"}, `option --jobs: "x" is no whole number`, nil},
		{[]string{"--jobs=0"}, "option --jobs: 0 is not 1 or more", nil},
		// D1: no operation at all would mean to build and deploy.
		{[]string{"--switch-generation="}, "option --switch-generation needs a value", nil},
		{[]string{"--delete-generations", ""}, "option --delete-generations needs a value", nil},
		{[]string{"--profile="}, "option --profile needs a value", nil},
		{[]string{"--state-dir", "a\xff"}, `option --state-dir: "a\xff" is not UTF-8 text`, nil},
	} {
		o, _, err := parse("sysvinit-switch", set, c.args)
		switch {
		case c.message == "" && err != nil:
			t.Errorf("%q: %v", c.args, err)
		case c.message == "" && !c.check(o):
			t.Errorf("%q: got %+v", c.args, o)
		case c.message != "" && (err == nil || !strings.Contains(err.Error(), c.message)):
			t.Errorf("%q: got the error %v, want %q", c.args, err, c.message)
		}
	}
}

// An option beats the environment, also with an empty value (D8).
func TestOptionsBeatEnvironment(t *testing.T) {
	t.Setenv("NIXPROC_STATE_DIR", "/from/environment")
	t.Setenv("NIXPROC_RUNTIME_DIR", "/run/of/environment")
	t.Setenv("NIXPROC_FORCE_DISABLE_USER_CHANGE", "1")
	o, _, err := parse("init-state", commands()["init-state"].set, []string{"--runtime-dir", "", "--lib-dir=/lib/of/option"})
	if err != nil {
		t.Fatal(err)
	}
	if d := o.dirs; d.State != "/from/environment" || d.Runtime != "" || d.Lib != "/lib/of/option" || d.Log != "" || !o.disableUserChange {
		t.Errorf("got %+v", o)
	}
}

// Thousands of random command lines, made of the options that the command has
// and of what comes near them, are taken as the real getopt(1) takes them.
//
// The alias --switch-to-generation is left out: to getopt it would be one more
// option that makes the abbreviation --switch ambiguous.
func TestAgainstRealGetopt(t *testing.T) {
	program, err := exec.LookPath("getopt")
	if err != nil {
		t.Skip("there is no getopt(1) here")
	}
	if exec.Command(program, "-T").Run() == nil {
		t.Skip("getopt(1) is not that of util-linux")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for name, command := range commands() {
		t.Run(name, func(t *testing.T) {
			flags := flagsOf(command.set)
			accepted, refused := 0, 0
			for range 600 {
				args := randomLine(random, flags)
				want, ok := realGetopt(t, program, flags, args)
				settings, operands, err := getopt(flags, args)
				if ok != (err == nil) {
					t.Fatalf("%q: getopt accepts it: %v; we: %v", args, ok, err)
				}
				if !ok {
					refused++
					continue
				}
				accepted++
				if got := words(settings, operands); !slices.Equal(got, want) {
					t.Fatalf("%q:\ngot  %q\nwant %q", args, got, want)
				}
			}
			if accepted < 100 || refused < 100 {
				t.Errorf("%d lines were accepted and %d refused: that says little", accepted, refused)
			}
		})
	}
}

// realGetopt gives what getopt(1) makes of a command line; false if it refuses.
func realGetopt(t *testing.T, program string, flags *pflag.FlagSet, args []string) ([]string, bool) {
	t.Helper()
	short, long := "", []string{}
	takesValue := map[string]bool{}
	names := map[string]string{}
	flags.VisitAll(func(flag *pflag.Flag) {
		if aliases[flag.Name] != "" {
			return
		}
		colon := ":"
		if isSwitch(flag) {
			colon = ""
		}
		long = append(long, flag.Name+colon)
		takesValue[flag.Name] = colon != ""
		if flag.Shorthand != "" {
			short += flag.Shorthand + colon
			names["-"+flag.Shorthand] = flag.Name
		}
	})
	cmd := exec.Command(program, append([]string{"-q", "-o", short, "-l", strings.Join(long, ","), "--"}, args...)...)
	cmd.Env = []string{"LC_ALL=C"}
	out, err := cmd.Output()
	if err != nil {
		return nil, false
	}
	var parsed []string
	tokens := unquote(t, string(out))
	for i := 0; i < len(tokens); i++ {
		if tokens[i] == "--" {
			return append(parsed, tokens[i:]...), true
		}
		name := names[tokens[i]]
		if name == "" {
			name = strings.TrimPrefix(tokens[i], "--")
		}
		if takesValue[name] {
			i++
			parsed = append(parsed, "--"+name+"="+tokens[i])
		} else {
			parsed = append(parsed, "--"+name)
		}
	}
	t.Fatalf("getopt printed no --: %s", out)
	return nil, false
}

// unquote splits what getopt(1) prints for a shell: words, most of them between
// single quotes.
func unquote(t *testing.T, text string) (tokens []string) {
	t.Helper()
	text = strings.TrimSuffix(text, "\n")
	var token strings.Builder
	inToken, quoted := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted, inToken = !quoted, true
		case c == '\\' && !quoted:
			i++
			token.WriteByte(text[i])
			inToken = true
		case c == ' ' && !quoted:
			if inToken {
				tokens = append(tokens, token.String())
			}
			token.Reset()
			inToken = false
		default:
			token.WriteByte(c)
			inToken = true
		}
	}
	if quoted {
		t.Fatalf("an open quote: %s", text)
	}
	if inToken {
		tokens = append(tokens, token.String())
	}
	return tokens
}

// randomLine makes a command line of up to five words.
func randomLine(random *rand.Rand, flags *pflag.FlagSet) []string {
	var long, short []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if aliases[flag.Name] == "" {
			long = append(long, flag.Name)
		}
		if flag.Shorthand != "" {
			short = append(short, flag.Shorthand)
		}
	})
	values := []string{"x", "processes.nix", "a b", "", "-", "--", "it's", "=", "5", "--undeploy", "-p", "-h", "$x", "\\"}
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	args := make([]string, random.IntN(6))
	for i := range args {
		name := pick(long)
		switch random.IntN(9) {
		case 0, 1:
			args[i] = pick(values)
		case 2:
			args[i] = "--" + name
		case 3:
			args[i] = "--" + name[:1+random.IntN(len(name))]
		case 4:
			args[i] = "--" + name[:1+random.IntN(len(name))] + "=" + pick(values)
		case 5:
			args[i] = "--" + name + "=" + pick(values)
		case 6:
			args[i] = "-" + pick(short)
		case 7:
			args[i] = "-" + pick(short) + pick(short) + pick([]string{"", "x", "=y", pick(short)})
		case 8:
			args[i] = pick([]string{"--no-such", "-Z", "-h-", "--=", "---", "--" + name + "x", "-" + pick(short) + pick(values)})
		}
	}
	return args
}

// The help of each command goes to stdout, mentions every option that it has
// and none that it has not, and fits on a terminal.
func TestHelp(t *testing.T) {
	for name, command := range commands() {
		t.Run(name, func(t *testing.T) {
			for _, ask := range []string{"--help", "-h", "--he"} {
				out, code := stdoutOf(t, []string{"nixproc", name, ask})
				if code != exitDone || out != command.help {
					t.Fatalf("%s: exit code %d, %d bytes on stdout, want 0 and the help (%d bytes)", ask, code, len(out), len(command.help))
				}
			}
			flagsOf(command.set).VisitAll(func(flag *pflag.Flag) {
				mentioned := strings.Contains(command.help, "--"+flag.Name)
				if alias := aliases[flag.Name] != ""; mentioned == alias {
					t.Errorf("--%s: mentioned is %v, alias is %v", flag.Name, mentioned, alias)
				}
				if flag.Shorthand != "" && !strings.Contains(command.help, "-"+flag.Shorthand+", --"+flag.Name) {
					t.Errorf("-%s is not mentioned beside --%s", flag.Shorthand, flag.Name)
				}
			})
			checkText(t, command.help)
			checkOffered(t, command)
		})
	}
}

func TestOverview(t *testing.T) {
	for _, args := range [][]string{{"nixproc"}, {"nixproc", "help"}, {"nixproc", "--help"}} {
		out, code := stdoutOf(t, args)
		if code != exitDone || out != overview() {
			t.Errorf("%q: exit code %d and %q", args, code, out)
		}
	}
	checkText(t, overview())
	for name := range commands() {
		if !strings.Contains(overview(), "\n  nixproc "+name+"\n") {
			t.Errorf("the overview does not list %s", name)
		}
	}
}

// checkText looks at the form of a help text.
func checkText(t *testing.T, text string) {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("line %d has %d columns: %s", i+1, len([]rune(line)), line)
		}
		if strings.TrimRight(line, " \t") != line || strings.Contains(line, "\t") || strings.Contains(line, "{{") {
			t.Errorf("line %d has blanks at its end, a tab, or a part of a template: %q", i+1, line)
		}
	}
	if !strings.HasSuffix(text, "\n") {
		t.Error("the last line has no end")
	}
}

// checkOffered looks for options at the beginnings of the help's lines that the
// command does not have.
func checkOffered(t *testing.T, command command) {
	t.Helper()
	flags := flagsOf(command.set)
	for line := range strings.Lines(command.help) {
		text := strings.TrimSpace(line)
		if len(text) > 4 && text[0] == '-' && text[1] != '-' && text[2:4] == ", " {
			text = text[4:]
		}
		name, ok := strings.CutPrefix(text, "--")
		if !ok {
			continue
		}
		name = name[:strings.IndexAny(name+" ", "= \n,")]
		if flags.Lookup(name) == nil {
			t.Errorf("the help offers --%s, which the command does not have", name)
		}
	}
}

// stdoutOf runs the program in this process and gives what it printed.
func stdoutOf(t *testing.T, args []string) (string, int) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before := os.Stdout
	os.Stdout = file
	code := Main(args)
	os.Stdout = before
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), code
}

// The old names are links to the program.
func TestNameOfCommand(t *testing.T) {
	for _, c := range []struct {
		args []string
		name string
		rest int
	}{
		{[]string{"/usr/bin/nixproc-sysvinit-switch", "build", "x"}, "sysvinit-switch", 2},
		{[]string{"nixproc-build", "x"}, "build", 1},
		{[]string{"nixproc", "build", "x"}, "build", 1},
		{[]string{"nixproc-dev", "build", "x"}, "build", 1},
		{[]string{"nixproc"}, "", 0},
	} {
		name, rest := splitName(c.args)
		if name != c.name || len(rest) != c.rest {
			t.Errorf("%q: got %s with %d arguments, want %s with %d", c.args, name, len(rest), c.name, c.rest)
		}
	}
}
