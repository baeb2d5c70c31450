// SPDX-License-Identifier: GPL-3.0-or-later
//
// A job type for Flamenco 3.3 and later: the shots of a manifest, through the gateway of a spool. See docs/farm.md.
// It was compiled against Flamenco's documented interface, and its commands were run. It was never run under a live
// Flamenco Manager.

const FRAMES_AND_SUBMIT = "frames and submit";
const COLLECT = "collect";

const JOB_TYPE = {
    label: "Kling Omni Shots",
    settings: [
        { key: "stage", type: "string", required: true, choices: [FRAMES_AND_SUBMIT, COLLECT], default: FRAMES_AND_SUBMIT,
          description: "Render and submit the shots, or, once the clips are there, put them into one edit" },
        { key: "manifest", type: "string", subtype: "file_path", required: true,
          description: "The manifest, one shot a line" },
        { key: "parts", type: "int32", required: true, default: 3, propargs: { min: 1 },
          description: "Into how many tasks the frames are divided, at most one for each shot" },
        { key: "frames", type: "string", subtype: "dir_path", required: true,
          description: "Folder for the rendered frames" },
        { key: "spool", type: "string", subtype: "dir_path", required: true,
          description: "Spool of the gateway, which has the key" },
        { key: "most_units", type: "int32", required: true, default: 0, propargs: { min: 0 },
          description: "Submit nothing if more units than these might be charged" },
        { key: "edit", type: "string", subtype: "file_path", required: true,
          description: "The .blend file for the clips" },
        { key: "otio", type: "string", subtype: "file_path", required: true,
          description: "The OpenTimelineIO file of the edit" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    if (settings.stage === COLLECT) {
        job.addTask(collectTask(settings));
        return;
    }
    if (settings.stage !== FRAMES_AND_SUBMIT) {
        throw "There is no stage \"" + settings.stage + "\"";
    }
    if (!(settings.parts >= 1)) {
        throw "The frames need at least one part";
    }
    const submit = submitTask(settings);
    for (let part = 1; part <= settings.parts; part++) {
        const frames = framesTask(settings, part);
        submit.addDependency(frames);
        job.addTask(frames);
    }
    job.addTask(submit);
}

function framesTask(settings, part) {
    return batchTask("frames-" + part, "blender", [
        "frames", settings.manifest, "--out", settings.frames, "--part", part + "/" + settings.parts,
    ]);
}

// Ends when the spool has every shot: no worker waits while Kling works.
function submitTask(settings) {
    return batchTask("submit", "misc", [
        "submit", settings.manifest, "--frames", settings.frames, "--spool", settings.spool,
        "--most-units", String(settings.most_units), "--hand-over",
    ]);
}

// Ends with 6, which fails the task, while clips are still to come.
function collectTask(settings) {
    return batchTask("collect", "blender", [
        "collect", settings.manifest, "--to", settings.edit, "--otio", settings.otio, "--spool", settings.spool,
    ]);
}

function batchTask(name, type, words) {
    const task = author.Task(name, type);
    task.addCommand(author.Command("exec", {
        exe: "{blender}",
        args: ["--command", "kling", "batch"].concat(words),
    }));
    return task;
}
