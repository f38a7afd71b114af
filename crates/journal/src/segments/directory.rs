//! The files of a stream: what they are called, how one is begun, and that its name survives a crash.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::frame::{HEADER_BYTES, SegmentHeader};
use super::scan::{read_range, to_u64};
use crate::Error;

/// The extension of a segment in a log's directory.
const SEGMENT: &str = "segment";

/// A segment file that was just begun.
pub(crate) struct Created {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) length: u64,
}

/// A segment file that was found.
pub(crate) struct FoundSegment {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) header: SegmentHeader,
}

/// Begins a segment: takes its space, writes its header, and syncs the file and its name.
pub(crate) fn create(directory: &Path, header: SegmentHeader, space: u64) -> io::Result<Created> {
    let path = directory.join(format!("{:020}.{SEGMENT}", header.first));
    let begin = || -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        reserve(&file, space)?;
        file.write_all_at(&header.encode(), 0)?;
        file.sync_all()?;
        sync_directory(directory)?;
        Ok(file)
    };
    match begin() {
        Ok(file) => Ok(Created {
            path,
            file,
            length: to_u64(HEADER_BYTES),
        }),
        Err(error) => {
            if error.kind() != io::ErrorKind::AlreadyExists {
                let _ = fs::remove_file(&path);
            }
            Err(error)
        }
    }
}

/// Takes space on the disk, so that a write into it cannot meet a full one.
pub(crate) fn reserve(file: &File, space: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, space) {
        Ok(()) => Ok(()),
        // Not every file system can: there the space is only named, and a full disk shows later.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => match file.metadata()?.len() {
            length if length < space => file.set_len(space),
            _ => Ok(()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The segment files of a directory by their first numbers, in order.
pub(crate) fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    let entries = fs::read_dir(directory).map_err(Error::io("list", directory))?;
    for entry in entries {
        let path = entry.map_err(Error::io("list", directory))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == SEGMENT)
        {
            paths.push(path);
        }
    }
    // The names have the same length, so their order is that of the numbers.
    paths.sort();
    Ok(paths)
}

/// Opens a segment file; `None` if it was begun but its header was never written.
pub(crate) fn open(path: &Path, options: &OpenOptions) -> Result<Option<FoundSegment>, Error> {
    let file = options.open(path).map_err(Error::io("open", path))?;
    let header = to_u64(HEADER_BYTES);
    let start = read_range(&file, 0, header).map_err(Error::io("read", path))?;
    if start.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let header = SegmentHeader::decode(&start).map_err(|reason| Error::Foreign {
        path: path.to_owned(),
        reason,
    })?;
    Ok(Some(FoundSegment {
        path: path.to_owned(),
        file,
        header,
    }))
}

/// An error that goes away when there is space again.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
