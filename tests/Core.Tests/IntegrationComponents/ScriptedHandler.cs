using System.Diagnostics.CodeAnalysis;
using VmBus.Integration;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>A guest's component with one handler of its user's that a test plays, and the host that has it called.</summary>
internal sealed record ScriptedHandler(IntegrationHost Host, IntegrationGuest Guest, Func<IntegrationHost, Task> Ask, FileShelf Shelf)
{
    /// <summary>Every handler a guest's component takes, by name.</summary>
    public static IReadOnlyDictionary<string, Func<Action, ScriptedHandler>> All { get; } = new Dictionary<string, Func<Action, ScriptedHandler>>(StringComparer.Ordinal)
    {
        ["a store gets"] = play => Pairs(play, host => host.GetAsync(IcKvpPool.Guest, "k")),
        ["a store sets"] = play => Pairs(play, host => host.SetAsync(IcKvpPool.Guest, "k", KvpValue.Of("v"))),
        ["a store deletes"] = play => Pairs(play, host => host.DeleteAsync(IcKvpPool.Guest, "k")),
        ["a store enumerates"] = play => Pairs(play, host => host.EnumerateAsync(IcKvpPool.Guest, 0)),
        ["a store gets addresses"] = play => Pairs(play, host => host.GetAddressesAsync("a", IcKvpAddressFamily.IPv4)),
        ["a store sets addresses"] = play => Pairs(play, host => host.SetAddressesAsync(new KvpAddresses { AdapterId = "a" })),
        ["a shutdown is accepted"] = play => Shutdown(new ShutdownGuest(static _ => { }, _ =>
        {
            play();
            return true;
        })),
        ["a shutdown is acted on"] = play => Shutdown(new ShutdownGuest(_ => play())),
        ["a time is sampled"] = play => Time(new TimeSyncGuest(sampled: _ => play())),
        ["a reference time is read"] = play => Time(new TimeSyncGuest(referenceTime: () =>
        {
            play();
            return 77;
        })),
        ["a file is begun"] = play => File(play, "begin"),
        ["a file is written"] = play => File(play, "write"),
        ["a file is completed"] = play => File(play, "complete"),
        ["a file's end is told"] = play => File(play, "ended"),
    };

    private static ScriptedHandler Pairs(Action play, Func<KvpHost, Task> ask) =>
        new(new KvpHost(), new KvpGuest(new Store(play)), host => ask((KvpHost)host), new FileShelf());

    private static ScriptedHandler Shutdown(ShutdownGuest guest) =>
        new(new ShutdownHost(), guest, host => ((ShutdownHost)host).AskAsync(new ShutdownRequest(default)), new FileShelf());

    private static ScriptedHandler Time(TimeSyncGuest guest) => new(new TimeSyncHost(guestReferenceTime: static () => 77), guest, _ => Task.CompletedTask, new FileShelf());

    private static ScriptedHandler File(Action play, string step)
    {
        var shelf = new FileShelf();
        Action<FileCopyReport>? ended = step == "ended" ? _ => play() : null;
        return new(new FileCopyHost(), new FileCopyGuest(new Target(shelf, play, step), null, ended),
            host => ((FileCopyHost)host).CopyAsync(new FileCopyRequest("f", "", 9000, default), new MemoryStream(new byte[9000])), shelf);
    }

    private sealed class Store(Action play) : IKvpStore
    {
        public bool TryGet(IcKvpPool pool, string key, out KvpValue value)
        {
            play();
            value = default;
            return false;
        }

        public IcStatus Set(IcKvpPool pool, string key, KvpValue value) => Play();

        public IcStatus Delete(IcKvpPool pool, string key) => Play();

        public bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value)
        {
            play();
            (key, value) = (null, default);
            return false;
        }

        public IcStatus GetAddresses(string adapterId, IcKvpAddressFamily family, out KvpAddresses? addresses)
        {
            addresses = null;
            return Play();
        }

        public IcStatus SetAddresses(KvpAddresses addresses) => Play();

        private IcStatus Play()
        {
            play();
            return IcStatus.NotSupported;
        }
    }

    private sealed class Target(FileShelf shelf, Action play, string step) : IFileCopyTarget
    {
        public FileCopyVerdict Begin(FileCopyRequest request, out IFileCopyFile? file)
        {
            file = null;
            if (step == "begin")
                play();
            FileCopyVerdict verdict = shelf.Begin(request, out IFileCopyFile? made);
            file = made is null ? null : new Copy(made, play, step);
            return verdict;
        }
    }

    private sealed class Copy(IFileCopyFile file, Action play, string step) : IFileCopyFile
    {
        public FileCopyVerdict Write(long offset, ReadOnlySpan<byte> data)
        {
            if (step == "write")
                play();
            return FileCopyVerdict.Success;
        }

        public FileCopyVerdict Complete()
        {
            if (step == "complete")
                play();
            return FileCopyVerdict.Success;
        }

        public void Dispose() => file.Dispose();
    }
}
