// What a host is told to do while its guest runs: a line a command, from a file, a pipe or a person.

using System.Runtime.Versioning;
using VmBus.Devices;
using VmBus.Hosting;
using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>
/// Reads commands and carries them out: those about offers one after the other, those that ask a guest one after the other for each
/// device, so that a guest that does not answer holds up nothing else. A failure is reported and changes nothing.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class HostCommands(TextReader reader, HostNotes notes)
{
    /// <summary>What there is.</summary>
    public const string Help = """
        status                      show the state of the guest and of each device
        offer NAME[,monitor=TIME]   offer a device; echo[,subchannel=N]: one more channel of it, named as for --device
        revoke NAME                 take an offer back
        link NAME up|down           plug in, or pull, the cable of a network adapter (net, tap)
        stall NAME | resume NAME    stop a device (echo) from serving its channels, and continue
        shutdown [restart]          ask the guest to shut down
        kvp set|get|delete KEY [VALUE] | kvp list [external|guest|auto] | kvp addresses MAC
        fcopy FILE PATH             copy a file into the guest, where vmbus fcopy or the kernel's daemon takes it
        vss check|freeze|thaw       freeze the guest's volumes for a snapshot, and thaw them
        time                        make the guest set its clock
        stop                        end the guest at once, as a power cut does
        help                        show this list
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // A read of a pipe cannot be taken back: the one that a guest's end leaves behind serves the next guest. It blocks a thread:
    // one of its own, because a pool that has but one, as on one processor, gives others their turn half a second later.
    private Task<string?>? _reading;

    /// <summary>Carries a command out in place of the guest; tests have their own.</summary>
    internal Func<string[], Task<string>>? Answer { get; init; }

    // The last command of each kind; the next of its kind begins when it has ended.
    private readonly Dictionary<string, Task> _last = [];

    /// <summary>Carries out commands until the token is cancelled, or there are no more.</summary>
    public async Task RunAsync(HostSession session, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                _reading ??= Task.Factory.StartNew(reader.ReadLine, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                string? line = await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
                _reading = null;
                if (line is null)
                    return;
                string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 0)
                    Begin(session, words, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The guest has ended, and its commands with it.
        }
        finally
        {
            await Task.WhenAll(_last.Values).ConfigureAwait(false);
            _last.Clear();
        }
    }

    private void Begin(HostSession session, string[] words, CancellationToken cancellationToken)
    {
        const string Offers = "offers";
        string? kind = words[0] switch
        {
            "status" or "offer" or "revoke" or "link" or "stall" or "resume" => Offers,
            "shutdown" or "kvp" or "fcopy" or "time" or "vss" => words[0],
            _ => null,      // stop, help: at once, whatever waits
        };
        // What asks a device waits for the offer of it, too.
        Task before = kind is null ? Task.CompletedTask : Task.WhenAll(_last.GetValueOrDefault(Offers, Task.CompletedTask), _last.GetValueOrDefault(kind, Task.CompletedTask));
        Task running = CarryOutAsync(before, session, words, cancellationToken);
        _last[kind ?? words[0]] = running;
    }

    /// <summary>Whether an error is the guest's, or of what was asked: told, and no reason to end.</summary>
    public static bool IsExpected(Exception error) =>
        error is ToolException or UsageException or VmBusException or TimeoutException or ArgumentException or IOException or UnauthorizedAccessException or InvalidOperationException;

    private async Task CarryOutAsync(Task before, HostSession session, string[] words, CancellationToken cancellationToken)
    {
        string command = string.Join(' ', words);
        try
        {
            await before.WaitAsync(cancellationToken).ConfigureAwait(false);
            Task<string> answer = Answer is { } own ? own(words) : AnswerAsync(session, words, cancellationToken);
            notes.Write($"{command}: {await answer.ConfigureAwait(false)}");
        }
        catch (Exception error) when (IsExpected(error))
        {
            notes.Write($"{command}: failed: {error.Message}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            notes.Write($"{command}: not done: the guest has ended");
        }
    }

    private static async Task<string> AnswerAsync(HostSession session, string[] words, CancellationToken cancellationToken)
    {
        switch (words)
        {
            case ["status"]:
                await session.WriteStatusAsync().ConfigureAwait(false);
                return "done";
            case ["offer", var device]:
                await session.OfferAsync(DeviceOffer.Parse(device)).ConfigureAwait(false);
                return "done";
            case ["revoke", var device]:
                await session.RevokeAsync(device).ConfigureAwait(false);
                return "done";
            case ["link", var device, "up" or "down"]:
                session.Device<HostNetwork>(device).IsPlugged = words[2] == "up";
                return "done";
            case ["stall" or "resume", var device]:
                session.Device<EchoDevice>(device).Stall(words[0] == "stall");
                return "done";
            case ["shutdown", .. var rest] when rest is [] or ["restart"]:
                IcStatus status = await AskAsync<ShutdownHost, IcStatus>(session, "shutdown",
                    host => host.AskAsync(new ShutdownRequest(rest is [] ? IcShutdownFlags.Force : IcShutdownFlags.Force | IcShutdownFlags.Restart)), cancellationToken).ConfigureAwait(false);
                return $"the guest answered {status}";
            // The component has its own limit.
            case ["kvp", .. var asked] when new KvpQuestions(question => AskAsync<KvpHost, KvpAnswer>(session, "kvp", host => host.AskAsync(question), cancellationToken, Timeout.InfiniteTimeSpan)).Answer(asked) is { } answer:
                return await answer.ConfigureAwait(false);
            case ["vss", "check" or "freeze" or "thaw"]:
                // A freeze may take a quarter of an hour; the component has its own limits.
                IcStatus done = await AskAsync<VssHost, IcStatus>(session, "vss",
                    host => words[1] switch { "check" => host.CheckHotBackupAsync(), "freeze" => host.FreezeAsync(), _ => host.ThawAsync() }, cancellationToken, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
                return $"the guest answered {done}";
            case ["fcopy", var file, var path]:
                return await FileToGuest.CopyAsync(session.Device<IntegrationDevice<FileCopyHost>>("fcopy"), file, path, Patience, cancellationToken).ConfigureAwait(false);
            case ["time"]:
                IntegrationHostService<TimeSyncHost> time = await session.Device<IntegrationDevice<TimeSyncHost>>("timesync").Running.WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
                return time.Use(host =>
                {
                    host.RequestSync();
                    return "done";
                });
            case ["stop"]:
                session.Machine.Partition.Stop();
                return "done";
            case ["help"]:
                return $"there is:\n{Help}";
            default:
                return $"not understood. There is:\n{Help}";
        }
    }

    private static async Task<TAnswer> AskAsync<THost, TAnswer>(HostSession session, string name, Func<THost, Task<TAnswer>> ask, CancellationToken cancellationToken, TimeSpan? limit = null)
        where THost : IntegrationHost
    {
        IntegrationHostService<THost> service = await session.Device<IntegrationDevice<THost>>(name).Running.WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
        return await service.Use(ask).WaitAsync(limit ?? Patience, cancellationToken).ConfigureAwait(false);
    }
}
