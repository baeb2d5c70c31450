// What Flamenco documents of the world around a job type: the module `author`, and the job that compileJob() fills.
// Task and Command refuse what Flamenco refuses; a member that Flamenco does not have does not exist here, either.
var author = {
    Task: function (name, type) {
        if (!name.trim()) throw new Error("author.Task(name, type): name is required");
        if (!type.trim()) throw new Error("author.Task(name, type): type is required");
        var commands = [], dependencies = [];
        return Object.freeze({
            addCommand: function (command) { commands.push(command); },
            addDependency: function (task) { dependencies.push(task); },
            told: function () {
                return { name: name, type: type, commands: commands, after: dependencies.map(function (t) { return t.told().name; }) };
            },
        });
    },
    Command: function (name, parameters) { return { name: name, parameters: parameters }; },
};

function compiled(settings) {
    var tasks = [];
    compileJob({ settings: settings, addTask: function (task) { tasks.push(task); } });
    return tasks.map(function (task) { return task.told(); });
}
