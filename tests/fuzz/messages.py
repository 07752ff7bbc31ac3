"""Messages as BokehJS writes them."""

import json

import numpy as np

from .wire import frame


def encode(value, arrays):
    """Write a value as BokehJS does; its arrays are appended to a list."""
    if isinstance(value, np.ndarray):
        name = f"b{len(arrays)}"
        arrays.append((name, value.tobytes()))
        data = {"type": "bytes", "data": {"id": name}}
        return {"type": "typed_array", "array": data, "order": "little", "dtype": value.dtype.name}
    if isinstance(value, dict):
        entries = [[key, encode(each, arrays)] for key, each in value.items()]
        return {"type": "map", "entries": entries}
    return [encode(each, arrays) for each in value] if isinstance(value, list) else value


def event(name, values):
    data = {"type": "event", "name": name, "values": values}
    return {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": data}


def speech(model, said, arrays):
    """What a script says to its view."""
    entries = [["model", {"id": model}], ["data", encode(said, arrays)]]
    return event("data_event", {"type": "map", "entries": entries})


def header(kind="PATCH-DOC", count=0, name="1"):
    return {"msgid": name, "msgtype": kind} | ({"num_buffers": count} if count else {})


def patch(events, arrays=()):
    """Write the frames of a patch."""
    return message(header(count=len(arrays)), {"events": events}, arrays)


def message(head, content, arrays=()):
    frames = [frame(json.dumps(head)), frame("{}"), frame(json.dumps(content))]
    for name, data in arrays:
        frames += [frame(json.dumps({"id": name})), frame(data)]
    return frames


def say(model, said):
    """Write the frames of what a script says."""
    arrays = []
    return patch([speech(model, said, arrays)], arrays)


def drawing(points, number=1):
    """What a sketchpad says while somebody draws."""
    points = np.asarray(points, np.float32)
    lengths = np.array([len(points)], np.int32)
    return {
        "kind": "draw",
        "points": points.ravel(),
        "lengths": lengths,
        "drawing": True,
        "number": number,
    }
