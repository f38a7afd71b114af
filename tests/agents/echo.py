"""A bot as for Twilio Media Streams: it says back what it hears, tells which keys are pressed, and hangs up at #."""

import asyncio
import json
import sys

import websockets


async def talk(socket):
    async for message in socket:
        told = json.loads(message)
        if told["event"] == "start":
            print("call of", told["start"]["customParameters"]["from_number"], flush=True)
        elif told["event"] == "media":  # 20 ms of the caller: µ-law at 8 kHz, in base64
            payload = told["media"]["payload"]
            reply = {"event": "media", "streamSid": told["streamSid"], "media": {"payload": payload}}
            await socket.send(json.dumps(reply))
        elif told["event"] == "dtmf":
            print("key", told["dtmf"]["digit"], flush=True)
            if told["dtmf"]["digit"] == "#":
                return  # a connection that is closed in order hangs up


async def main(port):
    async with websockets.serve(talk, "127.0.0.1", port):
        await asyncio.get_running_loop().create_future()


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8765))
