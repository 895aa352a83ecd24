// What runs in L2: every step prints what it found, the first that fails ends the run.

using System.Diagnostics;
using VmBus.SystemTest;

if (args is ["hold", string what, string instance])
    return Steps.Hold(what, Guid.Parse(instance));
if (args is ["pipe-client", string path, string send, string receive])
    return await PipeClient.RunAsync(path, send, receive);
if (args is ["kexec"])
    return KexecSteps.Start();
if (args is ["net-peer"])
    return await NetworkSteps.ServeAsync();
if (args is ["keyboard-host", string kernel, string initialDisk, string commandLine])
    return await KeyboardHost.RunAsync(kernel, initialDisk, commandLine);
if (args is ["vsock-peer", string door, string count])
    return await VsockPeer.RunAsync(door, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture));

// More than ten times what the longest step takes on a quiet machine, which is a wait for what the other host does 50 s later.
// The reminder is what tells a step that is slow from a machine that hangs.
TimeSpan Limit = TimeSpan.FromSeconds(600), Reminder = TimeSpan.FromSeconds(30);

string[] words = File.ReadAllText("/proc/cmdline").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
(string result, IEnumerable<(string Name, Action Step)> steps) = args is ["module", string module] ? ("module", new ModuleSteps(module).All)
    : args is ["stock"] ? (words.Contains(KexecSteps.SecondWord) ? "second" : "steps", new StockSteps(words).All)
    : words.Contains("ours") ? ("steps", new OwnHostSteps(words).All)
    : ("result", new Steps(recording: words.Contains("record")).All);
foreach ((string name, Action step) in steps)
{
    Console.WriteLine($"-- {name}");
    long start = Stopwatch.GetTimestamp();
    try
    {
        // One that hangs is a failure of its own, by name; a machine that hangs says nothing at all, and gets a second chance.
        Task running = Task.Run(step);
        while (!running.Wait(Reminder))
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
                throw new FailedException("it does not end");
            Console.WriteLine($"-- {name}, {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s so far");
        }
        Steps.RequireNothingLeft();
        Console.WriteLine($"ok {name} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s)");
    }
    catch (Exception error)
    {
        Console.WriteLine($"FAILED {name} ({Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s): {error}");
        Steps.Run("sh", "-c", "dmesg | tail -n 20");
        Console.WriteLine($"@{result} failed");
        return 1;
    }
}
Console.WriteLine($"@{result} passed");
return 0;
