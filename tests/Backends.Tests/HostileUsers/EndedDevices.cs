using VmBus.Devices;
using VmBus.Guests;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>Images of disks, and sockets with what they hand out.</summary>
internal static class EndedDevices
{
    private static readonly Guid Service = HvSocketService.FromPort(5000);
    private static readonly Guid Other = HvSocketService.FromPort(5001);

    // Nothing in the guest accepts, and a connect waits for it: as long as its time is, whatever ends meanwhile.
    private static readonly HvSocketOptions Patient = new() { ConnectTimeout = TimeSpan.FromMilliseconds(10), OpenTimeout = Patience.Limit, LingerTimeout = Patience.Limit };

    public static Dictionary<string, Func<Task<EndedCase>>> All { get; } = new(StringComparer.Ordinal)
    {
        ["BlockFile"] = () => Task.FromResult(Image(isReadOnly: false)),
        ["BlockFile: read only"] = () => Task.FromResult(Image(isReadOnly: true)),
        ["HvSocketHost"] = () => HostAsync(how: null),
        ["HvSocketHost: whose bus is disposed"] = () => HostAsync(machine => machine.Host.DisposeAsync().AsTask()),
        ["HvSocketHost: whose bus is saved"] = () => HostAsync(machine => machine.Host.SaveAsync()),
        ["HvSocketListener"] = () => ListenerAsync(bySockets: false),
        ["HvSocketListener: whose sockets are disposed"] = () => ListenerAsync(bySockets: true),
        ["HvSocketStream"] = () => StreamAsync(ofGuest: false),
        ["HvSocketStream: of a guest"] = () => StreamAsync(ofGuest: true),
        ["HvSocketStream: whose other end is gone"] = () => GoneAsync(static ends => ends.Guest.DisposeAsync().AsTask()),
        ["HvSocketStream: whose sockets are disposed"] = () => GoneAsync(static ends => ends.Sockets.DisposeAsync().AsTask()),
        ["HvSocketStream: whose bus is disposed"] = () => GoneAsync(static ends => ends.Machine.Host.DisposeAsync().AsTask()),
        ["HvSocketStream: whose guest has unloaded"] = () => GoneAsync(static ends => ends.Bus.DisposeAsync().AsTask()),
        ["HvSocketStream: of a guest whose host is gone"] = () => GoneAsync(static ends => ends.Host.DisposeAsync().AsTask(), ofGuest: true),
        ["HvSocketStream: of a guest whose bus has ended"] = () => GoneAsync(static ends => ends.Bus.DisposeAsync().AsTask(), ofGuest: true, isLost: true),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static EndedCase Image(bool isReadOnly)
    {
        string path = Path.GetTempFileName();
        byte[] block = new byte[IBlockDevice.BlockSize];
        File.WriteAllBytes(path, new byte[8 * IBlockDevice.BlockSize]);
        BlockFile image = BlockFile.Open(path, isReadOnly, (file, offset, length) =>
        {
            // Whose descriptor it is by now is not known to what punches holes: it must be the image's.
            Assert.False(file.IsClosed);
            Thread.SpinWait(100);
            Assert.Equal(8 * IBlockDevice.BlockSize, RandomAccess.GetLength(file));
        });
        EndedCase made = new EndedCase(image).EndedBy(image.Dispose)
            .Throws("ReadAsync", () => image.ReadAsync(0, block).AsTask())
            .Throws("ReadAsync", () => image.ReadAsync(0, Memory<byte>.Empty).AsTask());
        made = isReadOnly
            ? made.Throws("WriteAsync", () => Refused(() => image.WriteAsync(0, block)))
                .Throws("FlushAsync", () => image.FlushAsync().AsTask())
                .Throws<NotSupportedException>("UnmapAsync", () => image.UnmapAsync(0, 512).AsTask())
            : made.Throws("WriteAsync", () => image.WriteAsync(512, block).AsTask())
                .Throws("WriteAsync", () => image.WriteAsync(512, ReadOnlyMemory<byte>.Empty).AsTask())
                .Throws("FlushAsync", () => image.FlushAsync().AsTask())
                .Throws("UnmapAsync", () => image.UnmapAsync(512, 512).AsTask());
        return made.After(() => File.Delete(path));
    }

    private static async Task Refused(Func<ValueTask> write)
    {
        try
        {
            await write();
        }
        catch (UnauthorizedAccessException)
        {
            // As documented, until the end.
        }
    }

    private static async Task<EndedCase> HostAsync(Func<InMemoryMachine, Task>? how)
    {
        Connected ends = await ConnectAsync();
        HvSocketHost sockets = ends.Sockets;
        var made = new EndedCase(sockets);
        if (how is null)
        {
            return ends.GiveBack(made.EndedBy(() => sockets.DisposeAsync().AsTask())
                .Throws("ConnectAsync", () => sockets.ConnectAsync(Other, Token))
                .Throws("Listen", () => sockets.Listen(Other).Dispose()));
        }

        // Nothing can be connected any more; what listens waits for a bus that has none to hand on. A bus is saved once.
        var end = new Lazy<Task>(() => how(ends.Machine));
        return ends.GiveBack(made.EndedBy(() => end.Value)
            .Throws<HvSocketException>("ConnectAsync", () => sockets.ConnectAsync(Other, Token))
            .Answers("Listen", () => sockets.Listen(Guid.NewGuid()).Dispose()));
    }

    private static async Task<EndedCase> ListenerAsync(bool bySockets)
    {
        Connected ends = await ConnectAsync();
        HvSocketListener listener = ends.Listener;
        var made = new EndedCase(listener);
        if (bySockets)
            made.EndedBy(() => ends.Sockets.DisposeAsync().AsTask());
        return ends.GiveBack(made.EndedBy(listener.Dispose)
            .Throws("AcceptAsync", () => listener.AcceptAsync(Token).AsTask())
            .Answers("AcceptAllAsync", async () =>
            {
                await foreach (HvSocketStream stream in listener.AcceptAllAsync(Token))
                    Assert.NotNull(stream);
            }));
    }

    private static async Task<EndedCase> StreamAsync(bool ofGuest)
    {
        Connected ends = await ConnectAsync();
        HvSocketStream stream = ofGuest ? ends.Guest : ends.Host;
        byte[] buffer = new byte[32], much = new byte[100_000];
        EndedCase made = Constants(new EndedCase(stream), stream).EndedBy(stream.Dispose).EndedBy(() => stream.DisposeAsync().AsTask())
            .UsedAtOnceBy(1)
            .Throws("Read", () => Assert.InRange(stream.Read(buffer.AsSpan()), 0, 32))
            .Throws("Read", () => Assert.InRange(stream.Read(buffer, 0, 8), 0, 8))
            .Throws("ReadByte", () => stream.ReadByte())
            .Throws("ReadAsync", () => stream.ReadAsync(buffer, Token).AsTask())
            .Throws("ReadAsync", () => stream.ReadAsync(buffer.AsMemory(), CancellationToken.None).AsTask())
            .Throws("ReadAsync", () => stream.ReadAsync(buffer, 0, 8, Token))
            // More than the ring holds, that the other end does not read: these wait for room.
            .Throws("Write", () => stream.Write(much.AsSpan()))
            .Throws("Write", () => stream.Write(much, 0, 50_000))
            .Throws("WriteByte", () => stream.WriteByte(1))
            .Throws("WriteAsync", () => stream.WriteAsync(much, Token).AsTask())
            .Throws("WriteAsync", () => stream.WriteAsync(much.AsMemory(), CancellationToken.None).AsTask())
            .Throws("WriteAsync", () => stream.WriteAsync(much, 0, 8, Token))
            .Throws("CompleteWriting", stream.CompleteWriting);
        return ends.GiveBack(made);
    }

    private static async Task<EndedCase> GoneAsync(Func<Connected, Task> end, bool ofGuest = false, bool isLost = false)
    {
        Connected ends = await ConnectAsync();
        HvSocketStream stream = ofGuest ? ends.Guest : ends.Host;
        byte[] buffer = new byte[32], much = new byte[100_000];
        EndedCase made = Constants(new EndedCase(stream), stream).UsedAtOnceBy(1)
            .EndedBy(async () =>
            {
                await end(ends);
                // Of a connection that both have ended it is gone when the guest has said so.
                stream.CompleteWriting();
                await stream.Completion;
            })
            .Throws<HvSocketException>("Write", () => stream.Write(much.AsSpan()))
            .Throws<HvSocketException>("Write", () => stream.Write(much, 0, 8))
            .Throws<HvSocketException>("WriteAsync", () => stream.WriteAsync(much, Token).AsTask())
            .Throws<HvSocketException>("WriteAsync", () => stream.WriteAsync(much, 0, 8, Token))
            .Answers("CompleteWriting", stream.CompleteWriting);
        // All that the other end had sent was read; or it is not known whether it was.
        made = isLost
            ? made.Throws<HvSocketException>("Read", () => Assert.Equal(0, stream.Read(buffer.AsSpan())))
                .Throws<HvSocketException>("ReadAsync", () => EndAsync(stream.ReadAsync(buffer, Token).AsTask()))
            : made.Answers("Read", () => Assert.Equal(0, stream.Read(buffer.AsSpan())))
                .Answers("Read", () => Assert.Equal(0, stream.Read(buffer, 0, 8)))
                .Answers("ReadAsync", () => EndAsync(stream.ReadAsync(buffer, Token).AsTask()))
                .Answers("ReadAsync", () => EndAsync(stream.ReadAsync(buffer, 0, 8, Token)));
        return ends.GiveBack(made);
    }

    private static async Task EndAsync(Task<int> reading) => Assert.Equal(0, await reading);

    private static EndedCase Constants(EndedCase made, HvSocketStream stream) => made
        .Answers("Flush", stream.Flush)
        .Answers("FlushAsync", () => stream.FlushAsync(Token))
        .Throws<NotSupportedException>("Seek", () => stream.Seek(0, SeekOrigin.Begin))
        .Throws<NotSupportedException>("SetLength", () => stream.SetLength(0));

    private static async Task<Connected> ConnectAsync()
    {
        var machine = new InMemoryMachine();
        var sockets = new HvSocketHost(machine.Host, Patient);
        GuestBus bus = await machine.ConnectAsync(cancellationToken: Token);
        await bus.RequestOffersAsync(Token);
        HvSocketListener listener = sockets.Listen(Service);
        HvSocketStream guest = await new HvSocketGuest(bus, Patient).ConnectAsync(Service, Token);
        return new Connected(machine, sockets, bus, listener, await listener.AcceptAsync(Token), guest);
    }

    private sealed record Connected(InMemoryMachine Machine, HvSocketHost Sockets, GuestBus Bus, HvSocketListener Listener, HvSocketStream Host, HvSocketStream Guest)
    {
        public EndedCase GiveBack(EndedCase made) => made
            .After(() => Machine.DisposeAsync().AsTask())
            .After(async () =>
            {
                await Guest.DisposeAsync();
                await Host.DisposeAsync();
                await Sockets.DisposeAsync();
                Assert.Equal(0, Sockets.ConnectionCount);
            });
    }
}
