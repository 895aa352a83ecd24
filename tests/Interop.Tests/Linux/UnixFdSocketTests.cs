namespace VmBus.Interop.Tests.Linux;

public unsafe class UnixFdSocketTests
{
    private static readonly int Page = Environment.SystemPageSize;

    [Fact]
    public void Memory_and_events_sent_over_a_socket_are_shared_with_the_receiver()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using MemfdHandle memory = MemfdHandle.Create("vmbus-passed", 2 * Page);
        using EventFd signal = EventFd.Create();
        Span<byte> data = stackalloc byte[16];
        Span<int> descriptors = stackalloc int[4];

        ours.Send("ring"u8, [memory.Descriptor, signal.Descriptor]);
        Assert.Equal(4, theirs.Receive(data, descriptors, out int count));

        Assert.Equal("ring"u8, data[..4]);
        Assert.Equal(2, count);
        using MemfdHandle received = MemfdHandle.Adopt(descriptors[0]);
        Assert.Equal(2 * Page, received.Size);
        using MappedMemory here = MappedMemory.Map(memory, 0, 2 * Page), there = MappedMemory.Map(received, 0, 2 * Page);
        here.AsSpan()[Page] = 0x5A;
        Assert.Equal(0x5A, there.AsSpan()[Page]);
        TestLibc.Signal(descriptors[1]);
        Assert.True(signal.TryConsume(out _));
        Assert.Equal(1, Libc.Fcntl(received, Libc.FcntlGetDescriptorFlags, 0));
    }

    [Fact]
    public void Received_descriptors_are_closed_on_exec()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using EventFd signal = EventFd.Create();
        int[] descriptors = new int[1];
        ours.Send("x"u8, [signal.Descriptor]);
        theirs.Receive(new byte[1], descriptors, out _);

        using var received = new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptors[0], ownsHandle: true);

        Assert.Equal(Libc.CloseOnExec, Libc.Fcntl(received, Libc.FcntlGetDescriptorFlags, 0));
        Assert.Equal(Libc.CloseOnExec, Libc.Fcntl(ours, Libc.FcntlGetDescriptorFlags, 0));
    }

    [Fact]
    public void As_many_descriptors_as_the_kernel_allows_travel_at_once()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using EventFd signal = EventFd.Create();
        string id = ProcSelf.EventFdId(signal.Descriptor);
        int[] many = [.. Enumerable.Repeat(signal.Descriptor, UnixFdSocket.MaxDescriptors)];
        int[] received = new int[UnixFdSocket.MaxDescriptors];

        ours.Send("x"u8, many);
        Assert.Equal(1, theirs.Receive(new byte[1], received, out int count));

        Assert.Equal(UnixFdSocket.MaxDescriptors, count);
        Assert.Equal(1 + count, ProcSelf.CountEventFds(id));
        foreach (int descriptor in received)
            TestLibc.Close(descriptor);
        Assert.Equal(1, ProcSelf.CountEventFds(id));
        Assert.Throws<ArgumentException>(() => ours.Send("x"u8, [.. many, signal.Descriptor]));
    }

    [Fact]
    public void Descriptors_without_room_are_closed()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using EventFd signal = EventFd.Create();
        string id = ProcSelf.EventFdId(signal.Descriptor);
        int[] room = new int[2];

        ours.Send("x"u8, [signal.Descriptor, signal.Descriptor, signal.Descriptor, signal.Descriptor, signal.Descriptor]);
        Assert.Equal(1, theirs.Receive(new byte[4], room, out int count));

        Assert.Equal(2, count);
        Assert.Equal(1 + 2, ProcSelf.CountEventFds(id));
        foreach (int descriptor in room)
            TestLibc.Close(descriptor);
        ours.Send("x"u8, [signal.Descriptor]);
        Assert.Equal(1, theirs.Receive(new byte[4], [], out count));
        Assert.Equal(0, count);
        Assert.Equal(1, ProcSelf.CountEventFds(id));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(0)]
    public void A_truncated_control_message_is_an_error_and_leaks_nothing(int controlWords)
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using EventFd signal = EventFd.Create();
        string id = ProcSelf.EventFdId(signal.Descriptor);
        ours.Send("x"u8, [signal.Descriptor, signal.Descriptor, signal.Descriptor]);

        Assert.Throws<InvalidDataException>(() => theirs.Receive(new byte[4], new int[8], new ulong[controlWords], out _));

        Assert.Equal(1, ProcSelf.CountEventFds(id));
    }

    [Fact]
    public void Descriptors_of_two_sends_arrive_with_their_own_bytes()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using EventFd one = EventFd.Create(), two = EventFd.Create();
        byte[] data = new byte[64];
        int[] room = new int[4];

        ours.Send("first"u8, [one.Descriptor]);
        ours.Send("second"u8, [two.Descriptor]);

        foreach ((string text, EventFd sent) in new[] { ("first", one), ("second", two) })
        {
            int length = theirs.Receive(data, room, out int count);
            Assert.Equal(text, System.Text.Encoding.ASCII.GetString(data, 0, length));
            Assert.Equal(1, count);
            TestLibc.Signal(room[0]);
            Assert.True(sent.TryConsume(out _));
        }
    }

    [Fact]
    public void A_long_send_that_signals_interrupt_arrives_whole_with_its_descriptors_once()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using EventFd signal = EventFd.Create();
        byte[] sent = new byte[16 << 20];
        new Random(1).NextBytes(sent);
        byte[] received = new byte[sent.Length];
        int descriptors = 0;
        Background reader = Background.Run(() =>
        {
            int[] room = new int[8];
            int offset = 0, length;
            while ((length = theirs.Receive(received.AsSpan(offset, Math.Min(200_000, Math.Max(1, received.Length - offset))), room, out int count)) > 0)
            {
                offset += length;
                descriptors += count;
                foreach (int descriptor in room.AsSpan(0, count))
                    TestLibc.Close(descriptor);
                ThreadScheduling.NanoSleep(TimeSpan.FromMilliseconds(2));
                if (offset == received.Length)
                    break;
            }
        });

        using (new SignalStorm())
            ours.Send(sent, [signal.Descriptor, signal.Descriptor]);

        reader.Join();
        Assert.Equal(2, descriptors);
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public void Receiving_blocks_until_something_comes_in_spite_of_signals()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using var storm = new SignalStorm();
        Background sender = Background.Run(() =>
        {
            while (storm.Sent < 20)
                ThreadScheduling.NanoSleep(TimeSpan.FromMilliseconds(1));
            theirs.Send("late"u8);
        });

        Assert.Equal(4, ours.Receive(new byte[8], [], out _));

        sender.Join();
    }

    [Fact]
    public void A_closed_peer_is_seen_and_what_it_sent_is_still_there()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first;
        Assert.False(ours.IsPeerClosed());
        second.Send("last words"u8);
        Assert.False(ours.IsPeerClosed());

        second.Dispose();

        Assert.True(ours.IsPeerClosed());
        byte[] data = new byte[64];
        Assert.Equal(10, ours.Receive(data, [], out _));
        Assert.Equal(0, ours.Receive(data, [], out int count));
        Assert.Equal(0, count);
        ErrnoException error = Assert.Throws<ErrnoException>(() => ours.Send("x"u8));
        Assert.Equal(Errno.BrokenPipe, error.Errno);
    }

    [Fact]
    public void A_peer_that_closed_with_unread_data_is_a_connection_reset_once()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first;
        ours.Send("never read"u8);
        second.Send("reply"u8);

        second.Dispose();

        byte[] data = new byte[64];
        Assert.True(ours.IsPeerClosed());
        Assert.Equal(5, ours.Receive(data, [], out _));
        ErrnoException error = Assert.Throws<ErrnoException>(() => ours.Receive(data, [], out _));
        Assert.Equal(Errno.ConnectionReset, error.Errno);
        Assert.Equal(0, ours.Receive(data, [], out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_listener_accepts_who_connects_to_its_name(bool isAbstract)
    {
        string path = Path.Combine(Path.GetTempPath(), $"vmbus-{Environment.ProcessId}.sock");
        string name = isAbstract ? $"@vmbus-{Environment.ProcessId}" : path;
        using (UnixFdListener listener = UnixFdSocket.Listen(name))
        {
            Assert.Equal(!isAbstract, File.Exists(path));
            Assert.Equal(PollEvents.None, Poll.Wait(listener.Descriptor, PollEvents.In, TimeSpan.Zero));
            using UnixFdSocket client = UnixFdSocket.Connect(name);
            Assert.Equal(PollEvents.In, Poll.Wait(listener.Descriptor, PollEvents.In, Patience.Limit));
            using UnixFdSocket server = listener.Accept();

            client.Send("hello"u8);

            Assert.Equal(5, server.Receive(new byte[8], [], out _));
            Assert.Equal(name, listener.Name);
            Assert.Equal(Libc.CloseOnExec, Libc.Fcntl(server, Libc.FcntlGetDescriptorFlags, 0));
            ErrnoException taken = Assert.Throws<ErrnoException>(() => UnixFdSocket.Listen(name));
            Assert.Equal(Errno.AddressInUse, taken.Errno);
            // Losing the race for a name must not remove the winner's.
            Assert.Equal(!isAbstract, File.Exists(path));
        }
        Assert.False(File.Exists(path));
        ErrnoException gone = Assert.Throws<ErrnoException>(() => UnixFdSocket.Connect(name));
        Assert.Equal(isAbstract ? Errno.ConnectionRefused : Errno.NoSuchFile, gone.Errno);
        Assert.Contains(name, gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_no_socket_can_have_are_refused()
    {
        Assert.Throws<ArgumentException>(() => UnixFdSocket.Connect(""));
        Assert.Throws<ArgumentException>(() => UnixFdSocket.Connect(new string('x', 108)));
        Assert.Throws<ArgumentException>(() => UnixFdSocket.Listen("a\0b"));
        // The longest is short enough for the kernel as well.
        using UnixFdListener longest = UnixFdSocket.Listen("@" + new string('x', 106));
        UnixFdSocket.Connect(longest.Name).Dispose();
    }

    [Fact]
    public void Only_a_Unix_stream_socket_is_taken_from_a_descriptor()
    {
        using EventFd noSocket = EventFd.Create();
        using var udp = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Dgram, System.Net.Sockets.ProtocolType.Udp);
        string socket = ProcSelf.Link((int)udp.Handle)!;

        Assert.Throws<ErrnoException>(() => UnixFdSocket.FromDescriptor(TestLibc.Duplicate(noSocket.Descriptor)));
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => UnixFdSocket.FromDescriptor(TestLibc.Duplicate((int)udp.Handle)));

        Assert.Contains("type 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, ProcSelf.CountDescriptors(socket));
    }

    [Fact]
    public void Arguments_that_cannot_travel_are_refused()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;

        Assert.Throws<ArgumentException>(() => ours.Send([], [0]));
        Assert.Throws<ArgumentException>(() => theirs.Receive([], [], out _));
        ErrnoException error = Assert.Throws<ErrnoException>(() => ours.Send("x"u8, [1_000_000]));
        Assert.Equal(Errno.BadDescriptor, error.Errno);
        ours.Send([]);
        Assert.Equal(PollEvents.None, Poll.Wait(theirs.Descriptor, PollEvents.In, TimeSpan.Zero));
    }

    [Fact]
    public void Sending_from_a_guard_page_is_an_error_and_no_crash()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        using MappedMemory memory = MappedMemory.MapAnonymous(Page);
        nint guard = memory.Address - 1;

        ErrnoException error = Assert.Throws<ErrnoException>(() => ours.Send(new ReadOnlySpan<byte>((void*)guard, 1)));

        Assert.Equal(Errno.BadAddress, error.Errno);
    }

    [Fact]
    public void Disposed_sockets_are_closed()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        string[] links = [ProcSelf.Link(first.Descriptor)!, ProcSelf.Link(second.Descriptor)!];
        Assert.All(links, link => Assert.Equal(1, ProcSelf.CountDescriptors(link)));

        first.Dispose();
        second.Dispose();

        Assert.All(links, link => Assert.Equal(0, ProcSelf.CountDescriptors(link)));
        Assert.Throws<ObjectDisposedException>(() => first.Send("x"u8));
        Assert.Throws<ObjectDisposedException>(() => first.IsPeerClosed());
    }

    [Fact]
    public void Sending_and_receiving_allocate_nothing()
    {
        (UnixFdSocket first, UnixFdSocket second) = UnixFdSocket.CreatePair();
        using UnixFdSocket ours = first, theirs = second;
        byte[] data = new byte[8];
        int[] room = new int[1];

        Assert.Equal(0, Allocations.Of(() =>
        {
            ours.Send(data);
            theirs.Receive(data, room, out _);
            theirs.IsPeerClosed();
        }));
    }
}
