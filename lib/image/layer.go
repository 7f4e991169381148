package image

import (
	"archive/tar"
	"bytes"
	"time"
)

// entry of a layer; its name says by the last character whether it is a
// directory.
type entry struct {
	name string
	mode int64
	link string
	text string
}

// entries are what the shell text in nixproc/backends/docker/run-as-root.nix
// makes. Without the file nsswitch.conf, localhost would be asked of a server.
func entries(shell string) []entry {
	return []entry{
		{name: "bin/", mode: 0o755},
		{name: "bin/sh", link: shell},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, text: "root:x:0:\nnogroup:x:65534:\n"},
		{name: "etc/nsswitch.conf", mode: 0o644, text: "passwd: files\ngroup: files\nhosts: files dns\n"},
		{name: "etc/passwd", mode: 0o644, text: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/dev/null:/bin/sh\n"},
		{name: "etc/shadow", mode: 0o600, text: "root:!:1::::::\nnobody:!:1::::::\n"},
		{name: "root/", mode: 0o700},
		{name: "run/", mode: 0o755},
		{name: "tmp/", mode: 0o1777},
		{name: "var/", mode: 0o755},
		{name: "var/run", link: "/run"},
	}
}

// layer is the file system of an image, as an archive for tar(1).
func layer(shell string) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, e := range entries(shell) {
		header := &tar.Header{
			Name: e.name, Mode: e.mode, Size: int64(len(e.text)), Linkname: e.link,
			Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		}
		switch {
		case e.link != "":
			header.Typeflag, header.Mode = tar.TypeSymlink, 0o777
		case e.name[len(e.name)-1] == '/':
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte(e.text)); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return archive.Bytes(), err
}
