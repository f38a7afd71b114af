//! Recordings that go well, whose disk is slow or full, or whose folder is missing.

use super::super::{Recorder, Ticket};
use super::*;

const CALL: CallId = CallId([7; 16]);

fn settings(directory: &Path, bytes_max: u64) -> Settings {
    Settings {
        directory: directory.to_owned(),
        bytes_max,
    }
}

async fn next(told: &mut mpsc::Receiver<FromRecorder>) -> Told {
    let from = told.recv().await.expect("it tells");
    assert_eq!(from.call, CALL);
    from.told
}

fn reserve(recorder: &Recorder, file: &Path) -> Ticket {
    recorder
        .reserve(CALL, file.to_owned())
        .expect("there is room")
}

#[tokio::test]
async fn a_recording_is_written_and_told_with_its_hash() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("deep").join("one.wav");
    let deep = file.parent().unwrap();
    let (recorder, mut told, thread) = Recorder::start(settings(deep, 1 << 20));
    let mut sink = reserve(&recorder, &file).open(8_000).unwrap();
    assert_eq!(next(&mut told).await, Told::Started { sample_hz: 8_000 });
    sink.write(&[1, 2].repeat(4_000));
    sink.close(Duration::from_millis(20));
    let Told::Ended {
        complete,
        dropped,
        silenced,
    } = next(&mut told).await
    else {
        panic!("it is complete");
    };
    assert_eq!(complete.length, Duration::from_millis(500));
    assert_eq!(
        complete.sha256,
        schemas::Hash::of(&std::fs::read(&file).unwrap())
    );
    assert_eq!(
        (dropped, silenced),
        (Duration::ZERO, Duration::from_millis(20))
    );
    drop(recorder);
    thread.await.unwrap();
}

#[tokio::test]
async fn what_the_queue_does_not_take_is_silence_of_its_length() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("one.wav");
    let (told, mut tidings) = mpsc::channel(16);
    let (orders, received) = mpsc::channel(4);
    let recorder = Recorder { orders };
    let mut sink = reserve(&recorder, &file).open(8_000).unwrap();
    for value in 1..=4 {
        sink.write(&[value].repeat(1_600));
    }
    let writer = Writer::new(settings(directory.path(), 1 << 20), told);
    // Three places are taken until it works: open, close, and what of the samples fits.
    let thread = tokio::task::spawn_blocking(move || writer.run(received));
    assert_eq!(next(&mut tidings).await, Told::Started { sample_hz: 8_000 });
    while recorder.orders.capacity() < 3 {
        tokio::task::yield_now().await;
    }
    sink.write(&[9].repeat(1_600));
    sink.close(Duration::ZERO);
    let Told::Ended {
        complete, dropped, ..
    } = next(&mut tidings).await
    else {
        panic!("it is complete");
    };
    assert_eq!(complete.length, Duration::from_millis(500), "all five");
    assert_eq!(dropped, Duration::from_millis(200), "two did not fit");
    let mut reader = hound::WavReader::open(&file).unwrap();
    let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
    let firsts: Vec<i16> = samples.chunks(1_600).map(|chunk| chunk[0]).collect();
    assert_eq!(firsts, [1, 2, 0, 0, 9]);
    drop(recorder);
    thread.await.unwrap();
}

#[tokio::test]
async fn a_bound_that_is_met_ends_the_recording_and_what_is_there_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("one.wav");
    let (recorder, mut told, thread) = Recorder::start(settings(directory.path(), 44 + 8_000));
    let mut sink = reserve(&recorder, &file).open(8_000).unwrap();
    assert_eq!(next(&mut told).await, Told::Started { sample_hz: 8_000 });
    sink.write(&[1, 2].repeat(2_000));
    sink.write(&[1, 2].repeat(2_000));
    let Told::Failed { error, length } = next(&mut told).await else {
        panic!("there is no more room");
    };
    assert!(
        error.contains("8044 octets, as many as they may"),
        "{error}"
    );
    assert_eq!(length, Duration::from_millis(250));
    assert_eq!(hound::WavReader::open(&file).unwrap().duration(), 2_000);
    sink.close(Duration::ZERO);
    drop(recorder);
    thread.await.unwrap();
    assert_eq!(told.recv().await, None, "one end is enough");
}

#[tokio::test]
async fn a_missing_folder_and_a_call_that_is_gone_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone");
    let (recorder, mut told, thread) = Recorder::start(settings(&gone, 1 << 20));
    // It made the folder; somebody takes it away.
    let file = gone.join("one.wav");
    drop(reserve(&recorder, &file));
    let Told::Failed { error, .. } = next(&mut told).await else {
        panic!("it was let go");
    };
    assert_eq!(error, "the media of the call is gone");
    std::fs::remove_dir(&gone).unwrap();
    let sink = reserve(&recorder, &file).open(8_000);
    let Told::Failed { error, .. } = next(&mut told).await else {
        panic!("there is no folder");
    };
    assert!(error.starts_with("No such file or directory"), "{error}");
    drop((sink, recorder));
    thread.await.unwrap();
}
