package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// codeBlock is one fenced block of a document.
type codeBlock struct {
	line int    // of the fence
	kind string // the word behind the fence
	text string
}

// codeBlocks finds the blocks of a document. A fence that is not at the begin
// of a line is an error: nobody would look at what stands between. Lines that
// are code because they are indented are blocks, too, each of its own.
func codeBlocks(t *testing.T, document string) []codeBlock {
	t.Helper()
	var blocks []codeBlock
	var open *codeBlock
	for i, line := range strings.Split(read(t, document), "\n") {
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case !fence && strings.HasPrefix(strings.TrimSpace(line), "```"):
			t.Fatalf("%s:%d: a fence that is not at the begin of its line", document, i+1)
		case !fence && open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(line, "    "):
			blocks = append(blocks, codeBlock{i + 1, "indented", line + "\n"})
		case fence && open == nil:
			open = &codeBlock{line: i + 1, kind: kind}
		case fence && kind != "":
			t.Fatalf("%s:%d: a block begins within another", document, i+1)
		case fence:
			blocks, open = append(blocks, *open), nil
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: this block does not end", document, open.line)
	}
	return blocks
}

// reader does what a document says, from its begin to its end, at a place of
// its own. What the blocks are for is said by their kinds:
//
//	sh    a command line, in one terminal with those before it; its first
//	      line may tell who types it: "# as root", "# as root, with systemd"
//	text  what the commands right before it print to standard output
//	nix   a file, if the first line is its name as a comment; else definitions
//	      (NAME = VALUE;), or an expression: see fragments
//
// A block of any other kind is an error.
type reader struct {
	t        *testing.T
	document string
	*deployment
	firstPort int      // in place of 5000
	root      []string // in front of what root types
	systemd   []string
	fragments fragments
	skipped   bool // nobody has run what would print this
}

// A document names the ports from 5000 to 5011; those in use are others, as
// many of them in a row.
const (
	documentPort  = 5000
	documentPorts = 12
)

// terminal is what makes one terminal of many: each block begins in the
// directory, and with the exported variables, that the one before it left.
const terminal = `set -eu; if [ -e "$1" ]; then . "$1"; cd "$PWD"; fi; eval "$2"; export -p >"$1"`

// newReader gives a reader a home directory and the checkout in it.
func newReader(t *testing.T, document string) *reader {
	t.Helper()
	needsDemoPrograms(t)
	r := &reader{t: t, document: document, deployment: newDeployment(t), firstPort: portsInARow(t, documentPorts)}
	r.dir = filepath.Dir(r.dir)                    // no blank in the paths of a store that is made there
	if err := os.Chmod(r.dir, 0o755); err != nil { // other users run programs of that store
		t.Fatal(err)
	}
	copyCheckout(t, r.path("nixproc"))
	r.env = append(slices.Clone(r.store.env), "HOME="+r.dir)
	for _, name := range []string{"GOMODCACHE", "GOPROXY", "GOFLAGS"} {
		r.env = append(r.env, name+"="+goEnv(t, name))
	}
	t.Cleanup(func() {
		r.end()
		if err := removeTree(r.path("nix")); err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
	})
	return r
}

// end ends what runs if the document was not followed to its end: what has a
// pid file, and what was started from the reader's home directory.
func (r *reader) end() {
	r.program("sh", "-c", `cat "$HOME"/*/run/*.pid "$HOME"/*/tmp/*.pid 2>/dev/null | xargs -r kill 2>/dev/null; true`)
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range environments {
		environment, err := os.ReadFile(file)
		if err != nil || !strings.Contains("\x00"+string(environment), "\x00HOME="+r.dir+"\x00") {
			continue // it has ended, or is somebody else's
		}
		if pid, err := strconv.Atoi(strings.Split(file, "/")[2]); err == nil {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// read follows the document.
func (r *reader) read() {
	r.t.Helper()
	printed, ran := "", false
	for _, block := range codeBlocks(r.t, r.document) {
		text := r.movePorts(block.text, documentPort, r.firstPort)
		switch block.kind {
		case "sh":
			printed = r.run(block, text)
		case "text":
			if !ran {
				r.fail(block, "there are no commands right before this output")
			}
			if got, want := r.plain(printed), r.plain(text); got != want && !r.skipped {
				r.t.Errorf("%s:%d: the commands print\n%s\nnot\n%s", r.document, block.line, got, want)
			}
		case "nix":
			r.nix(block, text)
		default:
			r.fail(block, "nobody knows what to do with a block of the kind %q", block.kind)
		}
		ran = block.kind == "sh"
	}
	r.fragments.evaluate(r)
}

var portWord = regexp.MustCompile(`\b\d{4,5}\b`)

// movePorts replaces the ports of one range by those of another one.
func (r *reader) movePorts(text string, from, to int) string {
	return portWord.ReplaceAllStringFunc(text, func(word string) string {
		number, _ := strconv.Atoi(word)
		if number < from || number >= from+documentPorts {
			return word
		}
		return strconv.Itoa(number - from + to)
	})
}

func (r *reader) fail(block codeBlock, format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("%s:%d: %s\n%s", r.document, block.line, fmt.Sprintf(format, args...), block.text)
}

// run types the commands, all of which have to succeed.
func (r *reader) run(block codeBlock, text string) string {
	r.t.Helper()
	var enter []string
	who, _, _ := strings.Cut(text, "\n")
	switch {
	case !strings.HasPrefix(who, "# as "):
	case os.Geteuid() != 0:
		r.t.Logf("%s:%d: skipped: only root may do this", r.document, block.line)
		r.skipped = true
		return ""
	case who == "# as root":
		enter = r.asRoot()
	case who == "# as root, with systemd":
		enter = r.withSystemd()
	default:
		r.fail(block, "nobody knows who that is: %s", who)
	}
	r.skipped = false
	line := append(slices.Clone(enter), "sh", "-c", terminal, "sh", r.path(".terminal"), text)
	got := r.program(line[0], line[1:]...)
	if got.code != 0 {
		r.fail(block, "exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

var fileName = regexp.MustCompile(`^# ([\w./-]+\.nix)\n`)

// nix makes the file that a block is, or keeps a fragment for later.
func (r *reader) nix(block codeBlock, text string) {
	r.t.Helper()
	name := fileName.FindStringSubmatch(text)
	if name == nil {
		r.fragments.add(block, text)
		return
	}
	r.write(filepath.Join("guide", name[1]), text)
}

// asRoot is for what only root may do: it is done where users and groups, and
// what is in /srv, are the test's own.
func (r *reader) asRoot() []string {
	if r.root == nil {
		m := newMachine(r.t)
		r.root = []string{"nsenter", "--target", fmt.Sprint(m.holder), "--mount", "--"}
		line := append(slices.Clone(r.root), "mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/srv")
		if got := r.program(line[0], line[1:]...); got.code != 0 {
			r.t.Fatal(got.stderr)
		}
	}
	return r.root
}

// withSystemd is a machine of its own that systemd has booted, and that sees
// the reader's home directory.
func (r *reader) withSystemd() []string {
	if r.systemd == nil {
		home := *r.store
		home.dir = r.dir
		r.systemd = newSystemdMachineIn(r.t, &home, false).enter
	}
	return r.systemd
}

var (
	blanks   = regexp.MustCompile(`[ \t]+`)
	trailing = regexp.MustCompile(`(?m) +$`)
	varying  = []struct {
		pattern *regexp.Regexp
		as      string
	}{
		{regexp.MustCompile(`[\w./~-]*/store/([0-9a-z]{32}|…)-`), "/nix/store/…-"},
		{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "DIGEST"},
		{regexp.MustCompile(`\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b`), "TIME"},
		{regexp.MustCompile(`\b\d+\.\d s\b`), "N s"},
		{regexp.MustCompile(`\((\d+m)?\d+(\.\d+)?m?s\)`), "(TIME)"},
		{regexp.MustCompile(`(\brunning |[Pp]id |PID |Process ID\(s\) |process |"pid": |"since": )\d+`), "${1}N"},
	}
)

// plain leaves out what is another time otherwise.
func (r *reader) plain(text string) string {
	text = r.movePorts(strings.ReplaceAll(text, r.dir, "/home/you"), r.firstPort, documentPort)
	text = trailing.ReplaceAllString(blanks.ReplaceAllString(text, " "), "")
	for _, one := range varying {
		text = one.pattern.ReplaceAllString(text, one.as)
	}
	return strings.TrimRight(text, "\n")
}
