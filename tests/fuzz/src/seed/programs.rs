//! Seeds that are programs, in the form in which the targets read them.

/// Streams: four lengths of cuts, then messages one behind the other, a keep-alive between them.
pub fn streams(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let cuts = [7, 200, 1, 64];
    let mut seeds: Vec<Vec<u8>> = messages
        .iter()
        .map(|message| [&cuts, &message[..]].concat())
        .collect();
    for pair in messages.chunks(3) {
        seeds.push([&cuts, &pair.join(&b"\r\n\r\n"[..])[..]].concat());
    }
    seeds
}

/// Calls of each codec to each other one: some packets, a loss, noise, keys.
pub fn codec() -> Vec<Vec<u8>> {
    let program = |from: u8, to: u8, payload: &[u8]| {
        let mut program = vec![from, to, 10, 0, 1, 0, 0, 0, 9];
        for _ in 0..4 {
            // A packet of audio, then the usual step.
            program.extend([0, 1]);
            program.extend(u16::try_from(payload.len()).unwrap_or(0).to_be_bytes());
            program.extend(payload);
            program.push(2);
        }
        // A loss, comfort noise, a key each way, and time.
        program.extend([
            7, 90, 1, 2, 5, 0, 0, 0, 0, 1, 40, 2, 5, 5, 0x8a, 3, 0x20, 2, 6, 4, 80, 2,
        ]);
        program
    };
    let mut programs = Vec::new();
    for to in 0..6 {
        programs.push(program(0, to, &[0x55; 160]));
        programs.push(program(2, to, &[0xd3; 160]));
        // Opus: 20 ms of SILK, hybrid and CELT, two frames in one packet, and nothing but a head.
        for head in [0x08, 0x48, 0x78, 0xf8, 0x09, 0x4b] {
            programs.push(program(3, to, &[&[head][..], &[0xa7; 40]].concat()));
            programs.push(program(3, to, &[head]));
        }
    }
    programs
}

/// SRTP of each suite: packets in order, one again, one damaged, a new key, plain RTP.
pub fn srtp() -> Vec<Vec<u8>> {
    let programs = (0..4).map(|suite| {
        let begin = [suite, 0xff, 0xf0];
        let speak = [0, 0].repeat(20);
        let again_and_damaged = [3, 1, 4, 2, 14, 1, 0, 0, 5, 2, 3, 0x80, 1, 0];
        let plain = [6, 0, 16, 0x80, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0, 1];
        let new_keys = [7, 1, 0];
        let named_keys = [7, 0, 1];
        [
            &begin[..],
            &speak,
            &again_and_damaged,
            &plain,
            &new_keys,
            &speak,
            &named_keys,
            &speak,
        ]
        .concat()
    });
    programs.collect()
}

// Operations of the endpoint's target: the number that `operation % 16` gives.
const REQUEST: u8 = 0;
const RESPONSE: u8 = 3;
const DATAGRAM: u8 = 8;
const WAIT: u8 = 9;
const CALL: u8 = 11;
const ACT: u8 = 13;

/// A new INVITE: method, shape, Call-ID, CSeq, branch, headers (Contact, Content-Type), body, no damage.
const INVITE: [u8; 12] = [REQUEST, 0, 0, 0, 1, 1, 2, 0, 8, 1, 0, 0];

/// Whole calls of both directions, and each torture message on its own.
pub fn endpoint(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let answer = [ACT, 0, 1, 0, 1];
    // In the dialog of the last message that was sent: the 200 is the second one, behind the 100.
    let in_dialog = |method: u8, add: u8, headers: &[u8], body: u8| {
        let count = u8::try_from(headers.len()).unwrap_or(0);
        [
            &[REQUEST, method, 2, 1, add, 9 + add, count],
            headers,
            &[body, 0],
        ]
        .concat()
    };
    let wait = |milliseconds: u16| [&[WAIT], &milliseconds.to_be_bytes()[..]].concat();
    let out = [CALL, 0, 0, 1];
    // Which request, status, tag, Contact, no headers, description, no damage.
    let ringing = [RESPONSE, 0, 1, 0, 1, 0, 0, 0];
    let accepted = [RESPONSE, 0, 4, 0, 1, 1, 8, 1, 0];
    let refused = [RESPONSE, 0, 11, 0, 0, 0, 0];
    let ack = in_dialog(1, 0, &[], 0);
    let bye = in_dialog(2, 1, &[15], 0);
    let refer = in_dialog(7, 1, &[0, 3, 4], 0);
    let notify = in_dialog(8, 2, &[5, 6, 9], 3);
    let reinvite = in_dialog(0, 1, &[0, 8], 1);
    let programs: Vec<Vec<&[u8]>> = vec![
        vec![&[0], &INVITE, &answer, &ack, &bye],
        vec![
            &[1],
            &INVITE,
            &answer,
            &ack,
            &reinvite,
            &[ACT, 0, 10, 0, 1],
            &bye,
        ],
        vec![&[0], &INVITE, &[ACT, 0, 4, 0, 7]],
        vec![&[0], &INVITE, &[REQUEST, 3, 1, 0, 0, 0, 0, 0, 0]],
        vec![
            &[0],
            &INVITE,
            &answer,
            &ack,
            &refer,
            &[ACT, 0, 14, 0],
            &[ACT, 0, 16, 0, 2, 1],
            &bye,
        ],
        vec![
            &[0],
            &out,
            &ringing,
            &accepted,
            &[ACT, 0, 13, 0, 1],
            &notify,
            &[ACT, 0, 6, 0],
        ],
        vec![&[0], &out, &ringing, &refused],
        vec![&[0], &out, &ringing, &[ACT, 0, 5, 0], &accepted],
        vec![&[0], &out, &accepted, &[ACT, 0, 8, 0, 1], &[ACT, 0, 7, 0]],
        vec![&[3], &INVITE, &INVITE, &out, &out, &out],
    ];
    let mut seeds: Vec<Vec<u8>> = programs.iter().map(|parts| parts.concat()).collect();
    let patient = programs.iter().map(|parts| parts.join(&wait(700)[..]));
    seeds.extend(patient);
    for message in messages {
        let Ok(length) = u16::try_from(message.len()) else {
            continue;
        };
        seeds.push(
            [
                &[0, DATAGRAM],
                &length.to_be_bytes()[..],
                message,
                &answer,
                &wait(900),
            ]
            .concat(),
        );
    }
    seeds
}

// Operations of the target for packets.
const PACKET: u8 = 0;
const RAW: u8 = 5;
const PASS: u8 = 6;
const ADD: u8 = 8;
const UPDATE: u8 = 9;
const CONNECT: u8 = 10;
const BRIDGE: u8 = 11;
const DIGIT: u8 = 12;

/// Calls with two legs, an agent, digits, and packets as they are.
pub fn rtp() -> Vec<Vec<u8>> {
    // Shape with telephone events and comfort noise, source, codec, then 20 ms, both ways, the strict rule.
    let leg = |leg: u8, codec: u8| vec![ADD, leg, UPDATE, leg, 5, leg << 4, codec, 0, 0, 0];
    let packets = |leg: u8, kind: u8| -> Vec<u8> {
        (0..12)
            .flat_map(|number| [PACKET, leg, leg << 4, 53, kind, 0, number, 0, 1, 0xd5])
            .collect()
    };
    let key: Vec<u8> = [0x0505_00a0_u32, 0x0505_0140, 0x0585_01e0, 0x0585_01e0]
        .iter()
        .zip(20..)
        .flat_map(|(event, number)| {
            [
                &[PACKET, 0, 0, 0, 2, 0, number, 0, 1],
                &event.to_be_bytes()[..],
            ]
            .concat()
        })
        .collect();
    let hears = |kind: u8| vec![CONNECT, 0, 40, 0xff, 0xff, kind, 3, 232, 5];
    let extended = [
        &[0xb2, 0xe5, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..],
        &[1; 8],
        &[0xbe, 0xde, 0, 1, 0x10, 1, 0, 0],
        &[5, 0x8a, 0, 160, 0, 0, 0, 4],
    ]
    .concat();
    let rtcp = [&[0x81, 200, 0, 6][..], &[9; 24]].concat();
    let raw = |datagram: &[u8]| {
        let length = u8::try_from(datagram.len()).unwrap_or(0);
        [&[RAW, 0, 0, 0, length], datagram].concat()
    };
    let mut seeds = vec![
        [
            &[0][..],
            &leg(0, 0),
            &leg(1, 1),
            &[BRIDGE, 0, 1],
            &packets(0, 0),
            &packets(1, 1),
            &key,
            &[PASS, 200],
        ]
        .concat(),
        [
            &[3][..],
            &leg(0, 0),
            &packets(0, 0),
            &key,
            &raw(&extended),
            &raw(&rtcp),
            &[PASS, 255, PASS, 255],
        ]
        .concat(),
        [
            &[0][..],
            &leg(0, 0),
            &leg(1, 0),
            &[BRIDGE, 0, 1],
            &[DIGIT, 1, 5, 0, 160, 1],
            &packets(0, 0),
            &[PASS, 40],
        ]
        .concat(),
    ];
    for kind in 0..8 {
        seeds.push(
            [
                &[1][..],
                &leg(0, 0),
                &packets(0, 0),
                &hears(kind),
                &[PASS, 50],
                &key,
                &[PASS, 250],
            ]
            .concat(),
        );
    }
    seeds
}

/// Numbers of the alphabet: each one behind an INVITE, and walks through it.
pub fn decide() -> Vec<Vec<u8>> {
    let walk = |invite: u8| {
        let mut program = vec![invite];
        program.extend((1..60_u8).map(|step| invite.wrapping_add(step.wrapping_mul(37)) % 239));
        program
    };
    let mut seeds: Vec<Vec<u8>> = (0..9).map(walk).collect();
    seeds.extend((0..9).map(|invite| vec![invite, 28, 32, 40, 60, 255, 0, 1, 255, 0, 1]));
    seeds
}

/// Records of a handshake: a whole message, a fragment, a change of the cipher, a Finished, an alert.
pub fn dtls() -> Vec<Vec<u8>> {
    let record = |kind: u8, epoch: u8, body: &[u8]| {
        let length = u8::try_from(body.len()).expect("it is short");
        let header = [kind, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, 0, length];
        [&header[..], body].concat()
    };
    let hello = record(22, 0, &[1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3, 7, 7, 7]);
    let fragment = record(22, 0, &[11, 0, 0, 9, 0, 1, 0, 0, 4, 0, 0, 2, 7, 7]);
    let last = [record(20, 0, &[1]), record(22, 1, &[7; 40])].concat();
    let alert = record(21, 0, &[2, 40]);
    let datagrams = [hello, fragment, last, alert];
    let come = |again: u8, datagram: &Vec<u8>| {
        let length = u16::try_from(datagram.len()).expect("it is short");
        [&[again][..], &length.to_be_bytes(), datagram].concat()
    };
    let mut programs: Vec<Vec<u8>> = datagrams.iter().map(|one| come(15, one)).collect();
    programs.push(datagrams.iter().flat_map(|one| come(0, one)).collect());
    programs
}

/// A binding request with an attribute, one with a damaged cookie, and other things.
pub fn stun() -> Vec<Vec<u8>> {
    let request = [20, 7, 1, 0, 1, 0, 4, 0x80, 0x22, 0, 0, 9, 0, 0];
    let damaged = [20, 7, 1, 0, 1, 0, 0, 9, 4, 0xff];
    let record = [20, 7, 0, 0, 3, 22, 0xfe, 0xfd];
    let programs = (0..4).map(|settings| [&[settings][..], &request, &damaged, &record].concat());
    programs.collect()
}
