//! A file that appears whole or not at all: written beside its place under a name of its own, and
//! renamed when it is complete. A link stays one: what it leads to is replaced. A device is written
//! to as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file under way; it is gone again unless it is kept.
pub(crate) struct NewFile {
    file: File,
    /// `None` once it is in its place, and for a device.
    beside: Option<PathBuf>,
    path: PathBuf,
    written: u64,
}

impl NewFile {
    /// Begins a file for `path` with these permissions, the process's umask taken off.
    pub(crate) fn create(path: &Path, mode: u32) -> io::Result<Self> {
        if path.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
        }
        match fs::metadata(path).map(|there| there.file_type()) {
            Ok(there) if there.is_dir() => {
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            Ok(there) if there.is_char_device() => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { file, beside: None, path: path.to_owned(), written: 0 });
            }
            // A pipe whose reader is gone would end the process (SIGPIPE), and others are no files.
            Ok(there) if !there.is_file() => {
                let why = "it is a pipe or another special file";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
            _ => {}
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|_| io::Error::other("no random bytes for its name"))?;
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{:016x}", u64::from_be_bytes(random)));
        let beside = PathBuf::from(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        Ok(Self { file, beside: Some(beside), path, written: 0 })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes it has.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Puts it in its place; an old file there is replaced at once.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        match &self.beside {
            Some(beside) => fs::rename(beside, &self.path)?,
            None => return Ok(()),
        }
        self.beside = None;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // Nothing half done stays; that it cannot be removed is no further news.
            let _ = fs::remove_file(beside);
        }
    }
}
