package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"nixproc/lib/image"
)

// writeImage puts the image where it was asked for, as a whole or not at all.
func (o *options) writeImage(archive string) error {
	reference := o.imageName + ":" + o.imageTag
	if o.oci {
		return writeLayout(archive, reference, o.output)
	}
	source, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer source.Close()
	if o.output == "" {
		_, err := io.Copy(os.Stdout, source)
		return err
	}
	if info, err := os.Stat(o.output); err == nil && !info.Mode().IsRegular() { // as /dev/stdout
		return copyTo(o.output, source)
	}
	target, err := renameio.NewPendingFile(o.output, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer target.Cleanup()
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	if err := target.CloseAtomicallyReplace(); err != nil {
		return err
	}
	fmt.Println(reference)
	return nil
}

func copyTo(name string, source io.Reader) error {
	target, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

func writeLayout(archive, reference, dir string) error {
	pending, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(pending)
	if err := os.Chmod(pending, 0o755); err != nil {
		return err
	}
	if err := image.WriteLayout(archive, reference, pending); err != nil {
		return err
	}
	if err := os.Rename(pending, dir); err != nil {
		return err
	}
	fmt.Println(reference)
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isTerminal says whether people may see what is written to a file.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && (nullErr != nil || !os.SameFile(info, null))
}
