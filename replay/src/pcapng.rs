//! A call's SIP messages as a capture file that stock Wireshark decodes.
//!
//! One interface of type LINKTYPE_RAW, so that every libpcap tool reads it. Each message is one packet;
//! its comment names the event and its hash, so that a packet can be followed back into the history.
//! What was inside TLS is written as plain TCP.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};
use schemas::{Direction, Entry, Event, Transport, WireMessage};

use crate::packet::{self, TcpNumbers};

/// The capture file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file's writer refused; into memory that cannot happen.
    #[error("cannot write the capture")]
    Write(#[from] pcap_file::PcapError),
}

/// A capture and what did not fit into it.
#[derive(Debug)]
pub struct Capture {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many messages are in it.
    pub packets: usize,
    /// Messages that are not in it, in words.
    pub left_out: Vec<String>,
}

/// Writes the SIP messages among some entries, in their order, as a pcapng file.
pub fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Result<Capture, Error> {
    let section = SectionHeaderBlock {
        endianness: Endianness::Little,
        options: vec![SectionHeaderOption::UserApplication(Cow::Borrowed(
            "trunkline",
        ))],
        ..SectionHeaderBlock::default()
    };
    let mut writer = PcapNgWriter::with_section_header(Vec::new(), section)?;
    // The crate writes timestamps in nanoseconds whatever the resolution says: so it has to say 9.
    writer.write_pcapng_block(InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName(Cow::Borrowed("edge")),
            InterfaceDescriptionOption::IfTsResol(9),
        ],
    })?;
    let mut streams = Streams::default();
    let (mut packets, mut left_out) = (0, Vec::new());
    for entry in entries {
        let Ok(Event::Wire(message)) = entry.record.event() else {
            continue;
        };
        let header = entry.record.header();
        let Some(data) = streams.packet(&message) else {
            left_out.push(format!(
                "message {} ({} bytes from {} to {})",
                header.sequence,
                message.bytes.len(),
                source(&message),
                target(&message)
            ));
            continue;
        };
        let comment = format!("event {} hash {}", header.id, entry.record.hash());
        let micros = u64::try_from(header.recorded_at.0).unwrap_or(0);
        writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_micros(micros),
            original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            data: Cow::Owned(data),
            options: vec![EnhancedPacketOption::Comment(Cow::Owned(comment))],
        })?;
        packets += 1;
    }
    Ok(Capture {
        bytes: writer.into_inner(),
        packets,
        left_out,
    })
}

/// The TCP connections of a capture: the next number of each direction.
#[derive(Default)]
struct Streams(BTreeMap<(SocketAddr, SocketAddr), u32>);

impl Streams {
    fn packet(&mut self, message: &WireMessage) -> Option<Vec<u8>> {
        let source = source(message).parse().ok()?;
        let target = target(message).parse().ok()?;
        match message.transport {
            Transport::Udp => packet::udp(source, target, &message.bytes),
            Transport::Tcp | Transport::Tls => {
                let numbers = TcpNumbers {
                    sequence: self.next(source, target),
                    acknowledgement: self.next(target, source),
                };
                let length = u32::try_from(message.bytes.len()).ok()?;
                self.0
                    .insert((source, target), numbers.sequence.wrapping_add(length));
                packet::tcp(source, target, numbers, &message.bytes)
            }
        }
    }

    fn next(&self, source: SocketAddr, target: SocketAddr) -> u32 {
        self.0.get(&(source, target)).copied().unwrap_or(1)
    }
}

fn source(message: &WireMessage) -> &str {
    match message.direction {
        Direction::Received => &message.peer,
        Direction::Sent => &message.local,
    }
}

fn target(message: &WireMessage) -> &str {
    match message.direction {
        Direction::Received => &message.local,
        Direction::Sent => &message.peer,
    }
}
