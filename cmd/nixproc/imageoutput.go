package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"nixproc/lib/image"
	"nixproc/lib/replace"
)

// checkOutput tells whether the image can be put where it was asked for.
func (o *options) checkOutput() error {
	switch {
	case o.oci && o.output == "":
		return errors.New("--oci makes a directory: name it with --output")
	case o.output == "" && isTerminal(os.Stdout):
		return errors.New("an image is nothing for a terminal: name a file with --output, or put | docker load behind the command")
	case o.output == "":
		return nil
	case o.oci && exists(o.output):
		return fmt.Errorf("--output %s: it exists already", o.output)
	case !o.oci && isDirectory(o.output):
		return fmt.Errorf("--output %s: it is a directory; name a file, or add --oci", o.output)
	case !exists(filepath.Dir(o.output)):
		return fmt.Errorf("--output %s: there is no directory %s", o.output, filepath.Dir(o.output))
	}
	if !o.oci {
		if _, err := os.Stat(o.output); err == nil && !isRegular(o.output) {
			return nil // as /dev/stdout
		}
		if err := replace.Possible(o.output); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		return nil
	}
	pending, err := pendingLayout(o.output)
	if err == nil {
		err = os.Remove(pending)
	}
	return err
}

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
	if err := replace.From(o.output, source, 0o644); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	if isRegular(o.output) { // else it may be where this goes
		fmt.Println(reference)
	}
	return nil
}

func writeLayout(archive, reference, dir string) error {
	pending, err := pendingLayout(dir)
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

// pendingLayout makes a directory that can take the place of another.
func pendingLayout(dir string) (string, error) {
	pending, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-")
	if one, is := errors.AsType[*fs.PathError](err); is {
		err = fmt.Errorf("--output %s can't be made: %w", dir, one.Err)
	}
	return pending, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
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
