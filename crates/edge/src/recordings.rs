//! The recordings of announcements and menus: WAV files of 8 kHz, 16 bit, mono, read once and shared by all calls.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Samples per second.
const RATE_HZ: u32 = 8_000;

/// The longest recording: ten minutes, so 9.6 MB.
pub const SAMPLES_MAX: u32 = 600 * RATE_HZ;

/// Recordings by file name.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    files: BTreeMap<String, Arc<[i16]>>,
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The directory cannot be read.
    #[error("cannot read the recordings in {path}")]
    Directory {
        /// The directory.
        path: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file is no WAV file.
    #[error("cannot read the recording {path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: String,
    },
    /// A file has another form.
    #[error("the recording {path} is {found}; make it 8000 Hz, 16 bit, mono, at most ten minutes")]
    Form {
        /// The file.
        path: String,
        /// What it is.
        found: String,
    },
}

impl Recordings {
    /// Reads all `.wav` files of a directory.
    pub fn read(directory: &Path) -> Result<Recordings, Fault> {
        let unreadable = |source| Fault::Directory {
            path: directory.display().to_string(),
            source,
        };
        let mut recordings = Recordings::default();
        for entry in std::fs::read_dir(directory).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let is_wav = path
                .extension()
                .is_some_and(|end| end.eq_ignore_ascii_case("wav"));
            let name = path.file_name().and_then(|name| name.to_str());
            if let (true, Some(name)) = (is_wav, name) {
                recordings.add(name, samples(&path)?);
            }
        }
        Ok(recordings)
    }

    /// Adds one that is in memory already.
    pub fn add(&mut self, name: &str, samples: Arc<[i16]>) {
        self.files.insert(name.to_owned(), samples);
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The samples of the one of that name.
    pub fn get(&self, name: &str) -> Option<Arc<[i16]>> {
        self.files.get(name).cloned()
    }
}

fn samples(path: &Path) -> Result<Arc<[i16]>, Fault> {
    let path_text = || path.display().to_string();
    let unreadable = |error: hound::Error| Fault::File {
        path: path_text(),
        error: error.to_string(),
    };
    let reader = hound::WavReader::open(path).map_err(unreadable)?;
    let spec = reader.spec();
    let is_right = spec.channels == 1
        && spec.sample_rate == RATE_HZ
        && spec.bits_per_sample == 16
        && spec.sample_format == hound::SampleFormat::Int
        && reader.len() <= SAMPLES_MAX;
    if !is_right {
        let hound::WavSpec {
            channels,
            sample_rate,
            bits_per_sample,
            ..
        } = spec;
        let samples = reader.len();
        let found = format!(
            "{sample_rate} Hz, {bits_per_sample} bit, {channels} channels, {samples} samples"
        );
        return Err(Fault::Form {
            path: path_text(),
            found,
        });
    }
    let samples: Result<Vec<i16>, _> = reader.into_samples().collect();
    samples.map(Arc::from).map_err(unreadable)
}
