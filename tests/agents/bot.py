"""A bot that speaks through Pipecat's own serializer for Twilio, as a bot written for Twilio does, or for Vonage.

    bot.py PORT FOLDER [--certificate FILE --key FILE] [--refuse STATUS] [--mute] [--vonage]

It says a tone of 700 Hz, two seconds at once, and says it again whenever its mark comes back. What it hears goes to
FOLDER/heard.raw, 16 bit at 8 kHz; what it is told beside audio goes to FOLDER/told.jsonl. Keys are orders:

    1   is answered by a clear, and by one second of 1000 Hz
    2   closes the connection in order
    3   breaks it
    4   fails: it closes with 1011
    5   ends the call by REST, as Pipecat does at the end of a pipeline
    6   passes the caller on by REST: to nobody, and then to the queue

FOLDER/api holds the base of its REST calls, where Twilio's would be; what they are answered goes to FOLDER/answers.jsonl.
"""

import argparse
import asyncio
import json
import math
import pathlib
import ssl
import struct
import types

import aiohttp
import websockets
from pipecat.frames.frames import EndFrame, InputAudioRawFrame, InputDTMFFrame, InterruptionFrame, OutputAudioRawFrame
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.serializers.vonage import VonageFrameSerializer

RATE = 8000
LUMP = 1100


def tone(hz, seconds):
    """Linear samples of a sine, 16 bit."""
    samples = (int(10000 * math.sin(2 * math.pi * hz * n / RATE)) for n in range(int(RATE * seconds)))
    return b"".join(struct.pack("<h", sample) for sample in samples)


class Bot:
    """For Twilio."""

    def __init__(self, socket, folder, mute):
        self.socket, self.folder, self.mute = socket, folder, mute
        self.heard = open(folder / "heard.raw", "ab")
        self.told = open(folder / "told.jsonl", "a")

    def note(self, what):
        self.told.write(json.dumps(what) + "\n")
        self.told.flush()

    async def run(self):
        await self.begin()
        await self.pipecat.setup(types.SimpleNamespace(audio_in_sample_rate=RATE))
        await self.say(700, 2)
        async for message in self.socket:
            await self.hear(message)

    async def begin(self):
        connected = json.loads(await self.socket.recv())
        start = json.loads(await self.socket.recv())
        self.note(connected)
        self.note(start)
        self.stream = start["start"]["streamSid"]
        self.call, self.account = start["start"]["callSid"], start["start"]["accountSid"]
        params = TwilioFrameSerializer.InputParams(auto_hang_up=False, sample_rate=RATE)
        self.pipecat = TwilioFrameSerializer(self.stream, self.call, params=params)

    async def hear(self, message):
        frame = await self.pipecat.deserialize(message)
        if isinstance(frame, InputAudioRawFrame):
            self.heard.write(frame.audio)
            self.heard.flush()
        if isinstance(message, bytes) or isinstance(frame, InputAudioRawFrame):
            return
        told = json.loads(message)
        self.note(told)
        if isinstance(frame, InputDTMFFrame):
            await self.obey(frame.button.value)
        elif self.reached(told) == "again":
            await self.say(700, 2)

    def mark(self, name):
        return {"event": "mark", "streamSid": self.stream, "mark": {"name": name}}

    def reached(self, told):
        return told["event"] == "mark" and told["mark"]["name"]

    async def obey(self, key):
        if key == "1":
            await self.socket.send(await self.pipecat.serialize(InterruptionFrame()))
            await self.say(1000, 1, mark="cleared")
        elif key == "2":
            await self.socket.close()
        elif key == "3":
            self.socket.transport.abort()
        elif key == "4":
            await self.socket.close(1011, "no more money")
        elif key == "5":
            api = (self.folder / "api").read_text()
            ending = TwilioFrameSerializer(self.stream, self.call, self.account, "hush", base_url=api)
            await ending.serialize(EndFrame())
        elif key == "6":
            for target in ["nobody", "queue"]:
                await self.dial(target)

    async def dial(self, target):
        api = (self.folder / "api").read_text()
        url = f"{api}/2010-04-01/Accounts/{self.account}/Calls/{self.call}.json"
        twiml = f"<Response><Dial>{target}</Dial></Response>"
        async with aiohttp.ClientSession(auth=aiohttp.BasicAuth(self.account, "hush")) as session:
            async with session.post(url, data={"Twiml": twiml}) as response:
                answer = {"http": response.status, **await response.json()}
        with open(self.folder / "answers.jsonl", "a") as answers:
            answers.write(json.dumps(answer) + "\n")

    async def say(self, hz, seconds, mark="again"):
        if self.mute:
            return
        audio = tone(hz, seconds)
        for start in range(0, len(audio), 2 * LUMP):
            lump = audio[start : start + 2 * LUMP]
            frame = OutputAudioRawFrame(audio=lump, sample_rate=RATE, num_channels=1)
            written = await self.pipecat.serialize(frame)
            if written is not None:  # what is resampled may have to wait
                await self.socket.send(written)
        await self.socket.send(json.dumps(self.mark(mark)))


class VonageBot(Bot):
    """For Vonage: binary audio of 16 kHz."""

    async def begin(self):
        self.note(json.loads(await self.socket.recv()))
        self.pipecat = VonageFrameSerializer(VonageFrameSerializer.InputParams(sample_rate=RATE))

    def mark(self, name):
        return {"action": "notify", "payload": {"name": name}}

    def reached(self, told):
        return told["event"] == "websocket:notify" and told["payload"]["name"]


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--refuse", type=int)
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--vonage", action="store_true")
    arguments = parser.parse_args()
    secure = None
    if arguments.certificate:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(arguments.certificate, arguments.key)

    async def serve(socket):
        bot = VonageBot if arguments.vonage else Bot
        await bot(socket, arguments.folder, arguments.mute).run()

    def refuse(connection, request):
        with open(arguments.folder / "asked.jsonl", "a") as asked:
            asked.write(json.dumps(dict(request.headers)) + "\n")
        if arguments.refuse:
            return connection.respond(arguments.refuse, "no\n")

    async with websockets.serve(serve, "127.0.0.1", arguments.port, ssl=secure, process_request=refuse):
        await asyncio.Future()


asyncio.run(main())
