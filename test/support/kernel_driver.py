"""Keeps one real kernel for a test, with jupyter_client's own clients: lines of JSON go in and out.

In, one a line:
    {"do": "client", "name": "a", "wait": true}     connects a client; "wait": until the kernel has answered it
    {"do": "send", "client": "a", "channel": "shell", "type": "execute_request", "id": "…", "content": {…}}
    {"do": "interrupt"}                              what Jupyter does when the user presses the button
Out:
    {"event": "connected", "client": "a"}
    {"event": "message", "client": "a", "channel": "iopub", "type": "stream", "parent": "…", "content": {…}, "metadata": {…}}
    {"event": "ended"}                               the kernel's process is gone
When standard input closes, the kernel is shut down.
"""
from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from queue import Empty

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

CHANNELS = ("shell", "iopub", "control", "stdin")


def tell(**event) -> None:
    print(json.dumps(event, default=str), flush=True)


async def hear(client, name: str, channel: str) -> None:
    while True:
        try:
            # Asked again and again: a message that comes while another one is sent wakes nobody up (ZeroMQ tells of
            # a socket's news once, and jupyter_client sends behind asyncio's back).
            message = await getattr(client, f"{channel}_channel").get_msg(timeout=0.05)
        except Empty:
            continue
        tell(
            event="message",
            client=name,
            channel=channel,
            type=message["msg_type"],
            parent=message["parent_header"].get("msg_id"),
            content=message["content"],
            metadata=message["metadata"],
        )


async def watch(manager) -> None:
    while await manager.is_alive():
        await asyncio.sleep(0.1)
    tell(event="ended")


def send(client, request: dict) -> None:
    message = client.session.msg(request["type"], request["content"])
    message["header"]["msg_id"] = message["msg_id"] = request["id"]
    getattr(client, f"{request['channel']}_channel").send(message)


async def main(folder: str, kernel: str) -> None:
    manager = AsyncKernelManager(kernel_name=kernel)
    # Not on this program's standard output: Node makes an inherited pipe non-blocking, and then lines written here get lost.
    await manager.start_kernel(cwd=folder, stdout=subprocess.DEVNULL)
    clients = {}
    tasks = [asyncio.create_task(watch(manager))]
    reader = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        if request["do"] == "client":
            name = request["name"]
            # By its connection file, like another program's: the manager's own clients all have one identity.
            client = clients[name] = AsyncKernelClient(connection_file=manager.connection_file)
            client.load_connection_file()
            client.start_channels()
            if request["wait"]:
                await client.wait_for_ready(timeout=120)
            tasks += [asyncio.create_task(hear(client, name, channel)) for channel in CHANNELS]
            tell(event="connected", client=name)
        elif request["do"] == "interrupt":
            await manager.interrupt_kernel()
        else:
            send(clients[request["client"]], request)
    for task in tasks:
        task.cancel()
    for client in clients.values():
        client.stop_channels()
    await manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
