//! Reads a chunked body so that its data lands where its reader wants it, and the framing does not.
//!
//! Over TLS records are opened in the connection's own memory: from there the data is copied, once.
//! Over plain TCP servers send one chunk like the other: a read is laid out as the chunks before
//! were, data into the reader's memory and the framing beside it, so that nothing needs to be
//! moved. Where a chunk turns out different, what was read is put in order again and decoded in
//! place; so is what small chunks brought. What chunks are is `http1::chunked`'s. Source: RFC 9112
//! §7.1.

use std::io::IoSliceMut;
use std::ops::Range;

use super::receive::{Broken, Taken};
use super::{Open, Pace};
use crate::connect::stream::{Received, Stream};
use crate::connect::{Link, Stop, TlsStream};
use crate::deadline::Limit;
use crate::error;
use crate::http1::chunked::{Chunk, Chunked, Decoded};
use crate::limits::{
    CHUNK_FRAMING_LAID_OUT_MAX, CHUNK_LAID_OUT_BYTES_MIN, CHUNKS_LAID_OUT_MAX, READ_BUFFER_BYTES,
    READ_DIRECT_BYTES,
};

/// Each chunk has a part of framing and a part of data.
const PARTS: usize = 2 * CHUNKS_LAID_OUT_MAX;
const FRAMING_BYTES: usize = CHUNKS_LAID_OUT_MAX * CHUNK_FRAMING_LAID_OUT_MAX;

impl Open {
    /// Reads of a chunked body into `out`.
    pub(super) fn receive_chunks(
        &mut self,
        out: &mut [u8],
        chunked: &mut Chunked,
        pace: &mut Pace,
        limit: &Limit,
    ) -> Result<Taken, Broken> {
        if self.buffer.unread().is_empty() {
            if let Stream::Tls(stream) = &mut self.stream {
                return take_opened(stream, out, chunked, limit);
            }
            if out.len() < READ_DIRECT_BYTES && pace.is_worth_reading_ahead(self, usize::MAX) {
                self.buffer.widen();
            }
            let much = if self.buffer.is_wide() { READ_DIRECT_BYTES } else { READ_BUFFER_BYTES };
            if out.len() >= much {
                return self.receive_directly(out, chunked, pace, limit);
            }
            let room = self.buffer.room();
            let received = self.stream.read(room, limit)?;
            pace.count(received, room.len());
            match received {
                Received::Bytes(count) => self.buffer.filled(count),
                Received::End { clean } => return Ok(Taken::End { clean }),
            }
        }
        if limit.is_cancelled() {
            return Err(Stop::Cancelled.into());
        }
        let decoded = chunked.decode_into(self.buffer.unread(), out)?;
        self.buffer.consume(decoded.used);
        Ok(Taken::Some(decoded.body))
    }

    /// Reads from a plain socket.
    fn receive_directly(
        &mut self,
        out: &mut [u8],
        chunked: &mut Chunked,
        pace: &mut Pace,
        limit: &Limit,
    ) -> Result<Taken, Broken> {
        let mut layout = Layout::of(chunked, out.len());
        let (received, asked) = match (&mut self.stream, layout.count) {
            (Stream::Plain(link), 2..) => (layout.read(link, out, limit)?, layout.bytes()),
            (stream, _) => (stream.read(out, limit)?, out.len()),
        };
        pace.count(received, asked);
        let count = match received {
            Received::Bytes(count) => count,
            Received::End { clean } => return Ok(Taken::End { clean }),
        };
        let decoded = match layout.count {
            2.. => layout.decode(chunked, out, count)?,
            _ => chunked.decode_in_place(&mut out[..count])?,
        };
        // Bytes beyond the body: whatever they are, nobody asked for them (faults 71, 77).
        self.keep &= decoded.used == count;
        Ok(Taken::Some(decoded.body))
    }
}

/// Copies what has been opened of the records that are here, after a wait for the first.
fn take_opened(
    stream: &mut TlsStream,
    out: &mut [u8],
    chunked: &mut Chunked,
    limit: &Limit,
) -> Result<Taken, Broken> {
    if let Received::End { clean } = stream.read(&mut [], limit)? {
        return Ok(Taken::End { clean });
    }
    let mut body = 0;
    loop {
        let wire = stream.unread();
        let decoded = chunked.decode_into(wire, &mut out[body..])?;
        let all = decoded.used == wire.len();
        body += decoded.body;
        let more = stream.consume(decoded.used);
        if !all || !more || chunked.is_done() {
            return Ok(Taken::Some(body));
        }
    }
}

/// How the next bytes are expected: data and framing by turns, either may be empty.
struct Layout {
    /// Even: data, which goes to the reader; odd: framing.
    lens: [usize; PARTS],
    /// How many of them there are; fewer than two: nothing is expected.
    count: usize,
    framing: [u8; FRAMING_BYTES],
}

impl Layout {
    /// All parts together have no more than `most` bytes: they fit the reader's memory in any
    /// order.
    fn of(chunked: &Chunked, most: usize) -> Self {
        let mut layout = Self { lens: [0; PARTS], count: 0, framing: [0; FRAMING_BYTES] };
        let Some(Chunk { framing, data }) = chunked.forecast() else { return layout };
        let data = usize::try_from(data).unwrap_or(usize::MAX);
        if framing > CHUNK_FRAMING_LAID_OUT_MAX || data < CHUNK_LAID_OUT_BYTES_MIN {
            return layout;
        }
        let mut rest = most;
        let now = usize::try_from(chunked.data_left()).unwrap_or(usize::MAX);
        let begun = framing.saturating_sub(chunked.framing_begun());
        let expected = [now, begun].into_iter().chain([data, framing].into_iter().cycle());
        for (len, slot) in expected.zip(&mut layout.lens) {
            *slot = len.min(rest);
            layout.count += 1;
            rest -= *slot;
            if rest == 0 {
                break;
            }
        }
        layout
    }

    fn bytes(&self) -> usize {
        self.lens[..self.count].iter().sum()
    }

    fn read(&mut self, link: &mut Link, out: &mut [u8], limit: &Limit) -> Result<Received, Broken> {
        let (room, lens) = (self.bytes(), &self.lens);
        let (mut data, mut framing) = (out, &mut self.framing[..]);
        let mut parts: [_; PARTS] = std::array::from_fn(|part| {
            let from = if part % 2 == 0 { &mut data } else { &mut framing };
            IoSliceMut::new(from.split_off_mut(..lens[part]).unwrap_or_default())
        });
        Ok(match link.recv_parts(&mut parts[..self.count], room, limit)? {
            0 => Received::End { clean: true },
            count => Received::Bytes(count),
        })
    }

    /// Decodes `received` bytes that were read.
    fn decode(
        &mut self,
        chunked: &mut Chunked,
        out: &mut [u8],
        received: usize,
    ) -> error::Result<Decoded> {
        self.came(received);
        let at = self.follow(chunked)?;
        let rest = self.put_in_order(out, &at);
        let decoded = chunked.decode_in_place(&mut out[rest.clone()])?;
        let (body, used) = (at.data + decoded.body, received - rest.len() + decoded.used);
        Ok(Decoded { body, used })
    }

    /// Cuts it down to what has come.
    fn came(&mut self, received: usize) {
        let mut rest = received;
        for len in &mut self.lens[..self.count] {
            *len = rest.min(*len);
            rest -= *len;
        }
    }

    /// Takes what is as expected.
    fn follow(&mut self, chunked: &mut Chunked) -> error::Result<Place> {
        let mut at = Place { part: 0, data: 0, framing: 0 };
        while at.part < self.count {
            let len = self.lens[at.part];
            if at.part % 2 == 1 {
                let taken = chunked.take_framing(&self.framing[at.framing..at.framing + len])?;
                at.framing += taken;
                self.lens[at.part] -= taken;
                if taken < len {
                    break;
                }
            } else if len > 0 {
                let left = chunked.data_left();
                let goes_on = self.lens[at.part + 1..].iter().any(|len| *len > 0);
                if left < len as u64 || (goes_on && left > len as u64) {
                    break;
                }
                chunked.take_data(len);
                at.data += len;
            }
            at.part += 1;
        }
        Ok(at)
    }

    /// Puts everything from a place on in the order in which it came, behind the data before it;
    /// where that is in `out`.
    fn put_in_order(&self, out: &mut [u8], from: &Place) -> Range<usize> {
        let rest = || (from.part..self.count).map(|part| (part % 2 == 1, self.lens[part]));
        let bytes = |odd| rest().filter(|part| part.0 == odd).map(|part| part.1).sum::<usize>();
        let (mut data, mut framing) = (from.data + bytes(false), from.framing + bytes(true));
        let all = from.data..from.data + bytes(false) + bytes(true);
        // From the last to the first: each moves to the back, onto what has been moved.
        let mut end = all.end;
        for (is_framing, len) in rest().rev() {
            end -= len;
            if is_framing {
                framing -= len;
                out[end..end + len].copy_from_slice(&self.framing[framing..framing + len]);
            } else {
                data -= len;
                out.copy_within(data..data + len, end);
            }
        }
        all
    }
}

/// A place in a layout: a part, the data before it, and the framing that has been taken.
struct Place {
    part: usize,
    data: usize,
    framing: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers below a limit, the same in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % limit as u64).unwrap()
        }
    }

    fn body(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 7 + at / 251) as u8).collect()
    }

    fn framed(body: &[u8], mut size: impl FnMut() -> (usize, &'static str)) -> Vec<u8> {
        let (mut wire, mut rest) = (Vec::new(), body);
        while !rest.is_empty() {
            let (size, extension) = size();
            let (chunk, behind) = rest.split_at(size.min(rest.len()));
            wire.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
            rest = behind;
        }
        [&wire, &b"0\r\n\r\n"[..]].concat()
    }

    /// Does what a read of `count` bytes would do.
    fn scatter(layout: &mut Layout, mut wire: &[u8], out: &mut [u8]) {
        let (mut data, mut framing) = (0, 0);
        for (part, len) in layout.lens[..layout.count].iter().enumerate() {
            let (piece, behind) = wire.split_at(wire.len().min(*len));
            let (into, at) = match part % 2 {
                0 => (&mut *out, &mut data),
                _ => (&mut layout.framing[..], &mut framing),
            };
            into[*at..*at + piece.len()].copy_from_slice(piece);
            (*at, wire) = (*at + len, behind);
        }
        assert!(wire.is_empty(), "more was read than there is room for");
    }

    /// Reads `wire` in reads of random size: the body, and how much there was behind it.
    fn read(mut wire: &[u8], out: usize, random: &mut Random) -> (Vec<u8>, usize) {
        let (mut chunked, mut whole, mut out) = (Chunked::default(), Vec::new(), vec![0; out]);
        while !chunked.is_done() {
            let mut layout = Layout::of(&chunked, out.len());
            let is_laid_out = layout.count > 1;
            let most = if is_laid_out { layout.bytes() } else { out.len() };
            assert!(most <= out.len());
            let short = random.below(most) + 1;
            let count = wire.len().min(if random.below(2) == 0 { most } else { short });
            let decoded = if is_laid_out {
                scatter(&mut layout, &wire[..count], &mut out);
                layout.decode(&mut chunked, &mut out, count)
            } else {
                out[..count].copy_from_slice(&wire[..count]);
                chunked.decode_in_place(&mut out[..count])
            };
            let decoded = decoded.unwrap();
            assert!(decoded.used == count || chunked.is_done());
            whole.extend_from_slice(&out[..decoded.body]);
            wire = &wire[decoded.used..];
        }
        (whole, wire.len())
    }

    #[test]
    fn chunks_of_any_sizes_and_reads_of_any_give_the_body() {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let body = body(300_000);
        for round in 0..300 {
            let usual = [1024, 4096, 10_000, 65_536, 1][round % 5];
            let mut sizes = Random(round as u64 + 1);
            // Now and then one is different, by its size or by its framing.
            let wire = framed(&body, || match sizes.below(10) {
                0 => (usual + sizes.below(3000), ""),
                1 => (1 + sizes.below(usual), ""),
                2 => (usual, ";ext"),
                _ => (usual, ""),
            });
            let out = 1 + random.below(100_000);
            let (whole, behind) = read(&[&wire, &b"more"[..]].concat(), out, &mut random);
            assert!(whole == body && behind == 4, "round {round}");
        }
    }

    #[test]
    fn chunks_like_the_ones_before_need_not_be_moved() {
        let body = body(1_000_000);
        let wire = framed(&body, || (8192, ""));
        let (mut chunked, mut out) = (Chunked::default(), vec![0; 65_536]);
        // Two chunks tell what the next ones will be.
        let (mut at, mut whole) = (20_000, wire[..20_000].to_vec());
        let begin = chunked.decode_in_place(&mut whole).unwrap();
        whole.truncate(begin.body);
        while whole.len() + out.len() < body.len() {
            let mut layout = Layout::of(&chunked, out.len());
            let count = layout.bytes();
            assert!(count > out.len() / 2);
            scatter(&mut layout, &wire[at..at + count], &mut out);
            layout.came(count);
            let place = layout.follow(&mut chunked).unwrap();
            assert_eq!(place.part, layout.count);
            whole.extend_from_slice(&out[..place.data]);
            at += count;
        }
        assert!(whole == body[..whole.len()]);
    }

    #[test]
    fn what_is_wrong_is_told_in_every_part() {
        for wrong in ["x\r\n", "2000\n", "2000\r\r", "2000 \0"] {
            let good = framed(&body(8192 * 4), || (8192, ""));
            let wire = [&good[..good.len() - 5], wrong.as_bytes(), &[0; 9000]].concat();
            let (mut chunked, mut out) = (Chunked::default(), vec![0; 40_000]);
            assert!(chunked.decode_in_place(&mut wire.clone()[..20_000]).is_ok());
            let mut layout = Layout::of(&chunked, out.len());
            assert!(layout.count > 2);
            let count = layout.bytes().min(wire.len() - 20_000);
            scatter(&mut layout, &wire[20_000..20_000 + count], &mut out);
            assert!(layout.decode(&mut chunked, &mut out, count).is_err(), "{wrong:?}");
        }
    }
}
