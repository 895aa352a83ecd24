using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using FsCheck.Xunit;
using VmBus.Integration;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class KvpDaemonTests : UtilDaemonFixture
{
    private readonly StandInKvpKernel _kernel;
    private readonly KvpStore _store = new();
    private KvpDaemon? _daemon;

    public KvpDaemonTests() => _kernel = Own(new StandInKvpKernel());

    [Fact]
    public void The_greeting_is_of_the_newest_kind_and_the_drivers_version_comes_back()
    {
        Start();
        Assert.Equal((7432, 100), (_kernel.GreetingSeen!.Length, _kernel.GreetingSeen[0]));
        Assert.All(_kernel.GreetingSeen[1..], one => Assert.Equal(0, one));
        Assert.Equal("3.1", _daemon!.DriverVersion);
    }

    [Fact]
    public void Pairs_are_set_got_enumerated_and_deleted()
    {
        Start();
        Assert.Equal(IcStatus.Success, _kernel.Set(0, "first", "eins").Status);
        Assert.Equal(IcStatus.Success, _kernel.Set(0, "zweitö", "zwei 🚌").Status);
        Assert.Equal(KvpValue.Of("zwei 🚌"), Value(IcKvpPool.External, "zweitö"));

        Assert.Equal("zwei 🚌", _kernel.Get(0, "zweitö").Value);
        Assert.Equal(("first", "eins"), Pair(_kernel.Enumerate(0, 0)));
        Assert.Equal(("zweitö", "zwei 🚌"), Pair(_kernel.Enumerate(0, 1)));
        Assert.Equal(IcStatus.NoMoreItems, _kernel.Enumerate(0, 2).Status);
        Assert.Equal(IcStatus.NoMoreItems, _kernel.Enumerate(0, uint.MaxValue).Status);
        Assert.Equal(IcStatus.NoMoreItems, _kernel.Enumerate(1, 0).Status);

        Assert.Equal(IcStatus.Success, _kernel.Delete(0, "first").Status);
        Assert.Equal(IcStatus.NoMoreItems, _kernel.Delete(0, "first").Status);
        Assert.Equal(IcStatus.NoMoreItems, _kernel.Get(0, "first").Status);
        Assert.Equal(new UtilDaemonStatistics(11, 5, 0, 0), _daemon!.GetStatistics());
    }

    [Fact]
    public void Numbers_go_to_the_host_as_text_and_long_text_is_cut_after_a_whole_character()
    {
        _store.Set(IcKvpPool.Guest, "n", KvpValue.Of(18446744073709551615ul));
        _store.Set(IcKvpPool.Guest, new string('ß', 255), KvpValue.Of(new string('ü', 1023)));
        _store.Set(IcKvpPool.Guest, new string('語', 255), KvpValue.Of(new string('語', 1023)));
        Start();
        Assert.Equal("18446744073709551615", _kernel.Get(1, "n").Value);
        // 254 and 1022 units are the kernel's own limits; 511 and 2047 bytes those of the room.
        Assert.Equal((new string('ß', 254), new string('ü', 1022)), Pair(_kernel.Enumerate(1, 1)));
        Assert.Equal((new string('語', 170), new string('語', 682)), Pair(_kernel.Enumerate(1, 2)));
    }

    [Fact]
    public void Addresses_are_set_and_got()
    {
        AddressStore store = new();
        Start(store);
        KvpAddresses addresses = new()
        {
            AdapterId = "{1eccfd72-4b41-45ef-b73a-4a6e44c12924}",
            Family = IcKvpAddressFamily.IPv4 | IcKvpAddressFamily.IPv6,
            IsDhcpEnabled = true,
            Addresses = "10.0.0.7;fe80::1",
            Subnets = "255.0.0.0;/64",
            Gateways = "10.0.0.1",
            DnsServers = "10.0.0.2;10.0.0.3",
        };
        Assert.Equal(IcStatus.Success, _kernel.SetAddresses(addresses).Status);
        Assert.Equal(addresses, store.Addresses);
        Assert.Equal(addresses, _kernel.GetAddresses(addresses.AdapterId, 3).Addresses);
        Assert.Equal(IcStatus.NotFound, _kernel.GetAddresses("other", 3).Status);

        // A store need not know of addresses.
        Assert.Equal(IcStatus.NotSupported, ((IKvpStore)_store).SetAddresses(addresses));
    }

    [Theory]
    [InlineData(6, 0, 8, 0u, IcStatus.NotSupported)]
    [InlineData(100, 0, 8, 0u, IcStatus.NotSupported)]
    [InlineData(255, 9, 8, 0u, IcStatus.NotSupported)]
    [InlineData(0, 5, 8, 4u, IcStatus.InvalidArgument)]         // no such pool
    [InlineData(3, 200, 4, 0u, IcStatus.InvalidArgument)]
    [InlineData(0, 0, 8, 0u, IcStatus.InvalidArgument)]         // no key
    [InlineData(0, 0, 8, 513u, IcStatus.InvalidArgument)]       // longer than its room
    [InlineData(1, 0, 8, uint.MaxValue, IcStatus.InvalidArgument)]
    [InlineData(2, 0, 4, 1u, IcStatus.InvalidArgument)]         // an empty key
    [InlineData(2, 0, 4, 0x80000000u, IcStatus.InvalidArgument)]
    public void What_makes_no_sense_gets_an_error_and_the_next_its_answer(byte operation, byte pool, int offset, uint word, IcStatus status)
    {
        Start();
        Assert.Equal(status, _kernel.Ask(operation, pool, body => BitConverter.TryWriteBytes(body.AsSpan(offset), word)).Status);
        Assert.Equal(IcStatus.Success, _kernel.Set(0, "a", "b").Status);
    }

    [Fact]
    public void A_value_longer_than_its_room_or_no_text_at_all_is_refused()
    {
        Start();
        Assert.Equal(IcStatus.InvalidArgument, Set(2049, 'x').Status);
        Assert.Equal(IcStatus.InvalidArgument, Set(2048, 'x').Status);     // more units than a value has
        Assert.Equal(IcStatus.InvalidArgument, Set(8, 0xFF).Status);
        Assert.Equal(IcStatus.Success, Set(0, 'x').Status);
        Assert.Equal(KvpValue.Of(""), Value(IcKvpPool.External, "k"));

        StandInKvpKernel.Answer Set(int length, int fill) => _kernel.Ask(1, 0, body =>
        {
            (body[8], body[12], body[16]) = (2, (byte)length, (byte)'k');
            body[13] = (byte)(length >> 8);
            body.AsSpan(16 + 512, Math.Min(length, 2048)).Fill((byte)fill);
        });
    }

    [Fact]
    public void An_answer_that_comes_too_late_is_counted_and_no_end()
    {
        SlowStore store = new();
        Start(store);
        _kernel.RequestGet(0, "slow");
        Background.Until(() => store.Asked, "the store was asked");
        store.Go.Set();
        Background.Until(() => _daemon!.GetStatistics().Late == 1, "the answer was late");
        Assert.Equal("value", _kernel.Get(0, "fast").Value);
    }

    [Fact]
    public async Task A_device_that_is_taken_away_ends_the_run()
    {
        Start();
        _kernel.Destroy();
        PeerDisconnectedException error = await Assert.ThrowsAsync<PeerDisconnectedException>(() => Run.WaitAsync(Patience.Limit));
        Assert.Contains("/dev/vmbus/hv_kvp", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _daemon!.RunAsync());
    }

    [Fact]
    public async Task The_token_and_disposing_end_a_wait_and_close_the_device()
    {
        Start();
        await Stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Run.WaitAsync(Patience.Limit));
        _daemon!.Dispose();
        _daemon.Dispose();
        Assert.True(_kernel.IsClosed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _daemon.RunAsync());

        using StandInKvpKernel second = new();
        KvpDaemon other = KvpDaemon.Open(_store, second);
        Task run = other.RunAsync();
        Background.Until(() => second.IsReady, "the greeting is over");
        other.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => run.WaitAsync(Patience.Limit));
        Assert.True(second.IsClosed);
    }

    [Fact]
    public void A_poll_that_promised_too_much_is_no_end_and_the_daemon_waits_again()
    {
        Start();
        for (int i = 0; i < 3; i++)
            _kernel.ReadFaults.Enqueue(Errno.TryAgain);
        Assert.Equal(IcStatus.Success, _kernel.Set(0, "a", "b").Status);
        Assert.Empty(_kernel.ReadFaults);
        Assert.False(Run.IsCompleted);
    }

    [Fact]
    public void It_never_reads_but_after_a_poll_and_sleeps_when_there_is_nothing()
    {
        Start();
        for (int i = 0; i < 100; i++)
            Assert.Equal(IcStatus.Success, _kernel.Set(0, $"k{i}", "v").Status);
        Assert.Equal(0, _kernel.WaitingReads);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7431)]
    [InlineData(1)]
    public void A_message_of_another_length_is_counted_and_gets_no_answer(int length)
    {
        Start();
        _kernel.Send(new byte[length]);
        Background.Until(() => _daemon!.GetStatistics().Malformed == 1, "it was read");
        Assert.Equal(IcStatus.Success, _kernel.Set(0, "a", "b").Status);
        Assert.Equal(1, _daemon!.GetStatistics().Requests);
    }

    [Fact]
    public async Task What_the_kernel_refuses_ends_the_run_with_its_errno()
    {
        Start();
        _kernel.WriteFaults.Enqueue(Errno.OutOfMemory);
        _kernel.RequestGet(0, "x");
        ErrnoException error = await Assert.ThrowsAsync<ErrnoException>(() => Run.WaitAsync(Patience.Limit));
        Assert.Equal(Errno.OutOfMemory, error.Errno);
    }

    [Fact]
    public async Task What_the_store_throws_is_a_failure_to_the_host_and_ends_the_run()
    {
        Start(new BrokenStore(new InvalidOperationException("broken")));
        Assert.Equal(IcStatus.Fail, _kernel.Get(0, "x").Status);
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => Run.WaitAsync(Patience.Limit))).Message);
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    [InlineData(typeof(TimeoutException))]
    public void A_store_whose_files_fail_is_a_failure_to_the_host_and_asked_again(Type error)
    {
        BrokenStore store = new((Exception)Activator.CreateInstance(error)!);
        Start(store);
        Assert.Equal(IcStatus.Fail, _kernel.Get(0, "x").Status);
        Assert.Equal(IcStatus.Fail, _kernel.Get(0, "x").Status);
        store.Error = null;
        Assert.Equal(IcStatus.NoMoreItems, _kernel.Get(0, "x").Status);
        Assert.False(Run.IsCompleted);
        Assert.Equal(new UtilDaemonStatistics(3, 3, 0, 0), _daemon!.GetStatistics());
    }

    [Theory]
    [InlineData(Errno.InvalidArgument, LinuxGuestError.Refused)]
    [InlineData(Errno.BadAddress, LinuxGuestError.Refused)]
    [InlineData(Errno.BadDescriptor, LinuxGuestError.NoDevice)]
    internal void A_refused_greeting_says_so_and_closes_the_device(Errno errno, LinuxGuestError error)
    {
        _kernel.WriteFaults.Enqueue(errno);
        Assert.Equal(error, Assert.Throws<LinuxGuestException>(() => KvpDaemon.Open(_store, _kernel)).Error);
        Assert.True(_kernel.IsClosed);
    }

    [Fact]
    public async Task A_kernel_that_does_not_answer_the_greeting_as_it_should_is_refused()
    {
        _kernel.GreetingAnswer[0] = 3;
        _daemon = KvpDaemon.Open(_store, _kernel);
        StartRun(_daemon);
        Assert.Equal(LinuxGuestError.BadContents, (await Assert.ThrowsAsync<LinuxGuestException>(() => Run.WaitAsync(Patience.Limit))).Error);
        Assert.Null(_daemon.DriverVersion);
    }

    [Fact]
    public void A_device_that_is_not_there_says_what_would_make_it()
    {
        LinuxGuestException error = Assert.Throws<LinuxGuestException>(() => KvpDaemon.Open(_store, "/dev/no/hv_kvp"));
        Assert.Equal(LinuxGuestError.NoModule, error.Error);
        Assert.Contains("hv_utils", error.Message, StringComparison.Ordinal);
    }

    // The law: whatever the bytes of a message, the answer has a status of ours, and what was stored can be asked for.
    [Property(MaxTest = 2000)]
    public bool Any_bytes_get_an_answer(byte operation, byte pool, uint[] lengths, byte[] text)
    {
        KvpDaemonService service = new(_store);
        byte[] message = new byte[IcKvpDaemonMessage.Size];
        for (int i = 4; i < message.Length && text.Length > 0; i++)
            message[i] = text[i % text.Length];
        for (int i = 0; i < Math.Min(lengths.Length, 3); i++)
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4 + 4 * i), lengths[i] % 2100);
        (message[0], message[1]) = ((byte)(operation % 7), (byte)(pool % 6));

        bool succeeded = service.Answer(message);

        var status = (IcStatus)BinaryPrimitives.ReadUInt32LittleEndian(message);
        return succeeded == (status == IcStatus.Success) && Enum.IsDefined(status);
    }

    private void Start(IKvpStore? store = null)
    {
        _daemon = KvpDaemon.Open(store ?? _store, _kernel);
        RunUntilGreeted(_daemon, () => _kernel.IsReady && _daemon.DriverVersion is not null);
    }

    private KvpValue Value(IcKvpPool pool, string key)
    {
        Assert.True(_store.TryGet(pool, key, out KvpValue value));
        return value;
    }

    private static (string?, string?) Pair(StandInKvpKernel.Answer answer)
    {
        Assert.Equal(IcStatus.Success, answer.Status);
        return (answer.Key, answer.Value);
    }

    private class NoStore : IKvpStore
    {
        public virtual bool TryGet(IcKvpPool pool, string key, out KvpValue value)
        {
            value = default;
            return false;
        }

        public IcStatus Set(IcKvpPool pool, string key, KvpValue value) => IcStatus.NotSupported;

        public IcStatus Delete(IcKvpPool pool, string key) => IcStatus.NotSupported;

        public bool TryGetAt(IcKvpPool pool, uint index, [NotNullWhen(true)] out string? key, out KvpValue value)
        {
            (key, value) = (null, default);
            return false;
        }
    }

    private sealed class AddressStore : NoStore, IKvpStore
    {
        public KvpAddresses? Addresses { get; private set; }

        IcStatus IKvpStore.GetAddresses(string adapterId, IcKvpAddressFamily family, out KvpAddresses? addresses)
        {
            addresses = Addresses?.AdapterId == adapterId ? Addresses : null;
            return addresses is null ? IcStatus.NotFound : IcStatus.Success;
        }

        IcStatus IKvpStore.SetAddresses(KvpAddresses addresses)
        {
            Addresses = addresses;
            return IcStatus.Success;
        }
    }

    private sealed class SlowStore : NoStore
    {
        public ManualResetEventSlim Go { get; } = new();

        public bool Asked { get; private set; }

        public override bool TryGet(IcKvpPool pool, string key, out KvpValue value)
        {
            value = KvpValue.Of("value");
            if (key == "slow")
            {
                Asked = true;
                Assert.True(Go.Wait(Patience.Limit));
            }
            return true;
        }
    }

    private sealed class BrokenStore(Exception? error) : NoStore
    {
        public Exception? Error { get; set; } = error;

        public override bool TryGet(IcKvpPool pool, string key, out KvpValue value)
        {
            value = default;
            return Error is { } error ? throw error : false;
        }
    }
}
