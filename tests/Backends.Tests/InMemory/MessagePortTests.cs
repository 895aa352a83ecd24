using System.Runtime.InteropServices;
using VmBus.Hosting;
using VmBus.InMemory;
using VmBus.Layout;

namespace VmBus.Backends.Tests.InMemory;

public sealed class MessagePortTests : IDisposable
{
    private const uint Connection = 1;

    private readonly TestPartitions _partitions = new TestPartitions().Enabled();
    private readonly MessagePort _port;

    public MessagePortTests()
    {
        _port = _partitions.Root.CreateMessagePort(0x21, 0, TestPartitions.Sint);
        _partitions.Guest.Connect(Connection, _port);
    }

    private Synic Synic => _partitions.RootSynic;

    private ref SynicMessage Slot => ref Synic.MessagePage!.Value.Slot(TestPartitions.Sint);

    private long Interrupts => Synic.Line(TestPartitions.Sint).Interrupts;

    public void Dispose() => _partitions.Dispose();

    [Fact]
    public void A_message_appears_in_its_slot_and_interrupts()
    {
        byte[] payload = [1, 2, 3, 4, 5];
        Assert.Equal(HypercallStatus.Success, _partitions.Guest.HvPostMessage(Connection, SynicMessageType.Channel, payload));

        Assert.Equal(SynicMessageType.Channel, Slot.Header.MessageType);
        Assert.Equal(5, Slot.Header.PayloadSize);
        Assert.Equal(SynicMessageFlags.None, Slot.Header.MessageFlags);
        Assert.Equal(0x21u, Slot.Header.Port);
        Assert.Equal(payload, MemoryMarshal.AsBytes((Span<ulong>)Slot.Payload)[..5].ToArray());
        Assert.Equal(1, Interrupts);
    }

    [Fact]
    public void A_full_slot_is_marked_and_EOM_brings_the_next()
    {
        Post(1);
        Assert.Equal(SynicMessageFlags.None, Slot.Header.MessageFlags);
        Post(2);
        Post(3);

        Assert.Equal(1, Interrupts);
        Assert.Equal((1, true), Take());
        Assert.Equal(SynicMessageType.None, Slot.Header.MessageType);
        Synic.WriteMsr(SynicMsr.Eom, 0);
        Assert.Equal(2, Interrupts);
        Assert.Equal((2, true), Take());
        Synic.WriteMsr(SynicMsr.Eom, 0);
        Assert.Equal((3, false), Take());
        Assert.Equal(3, Interrupts);
        Assert.Equal((3L, 3L), (_port.Posted, _port.Delivered));
    }

    [Fact]
    public void EOM_with_the_slot_still_full_brings_nothing()
    {
        Post(1);
        Post(2);
        Synic.WriteMsr(SynicMsr.Eom, 0);

        Assert.Equal((1, true), Take());
        Assert.Equal(1, Interrupts);
    }

    [Fact]
    public void A_post_into_an_emptied_slot_delivers_what_waited_first()
    {
        Post(1);
        Post(2);
        Take();
        Post(3);

        Assert.Equal((2, true), Take());
    }

    [Fact]
    public void The_port_buffers_sixteen_messages()
    {
        Post(0);
        for (int message = 1; message <= 16; message++)
            Post(message);
        Assert.Equal(HypercallStatus.InsufficientBuffers, TryPost(17));

        Take();
        Synic.WriteMsr(SynicMsr.Eom, 0);
        Assert.Equal(HypercallStatus.Success, TryPost(17));
        for (int message = 1; message <= 17; message++)
        {
            Assert.Equal((message, message < 17), Take());
            Synic.WriteMsr(SynicMsr.Eom, 0);
        }
    }

    [Fact]
    public void Buffers_belong_to_the_port_and_the_slot_to_the_SINT()
    {
        MessagePort other = _partitions.Root.CreateMessagePort(0x22, 0, TestPartitions.Sint);
        _partitions.Guest.Connect(2, other);
        for (int message = 0; message <= 16; message++)
            Post(message);

        Assert.Equal(HypercallStatus.Success, TryPost(100, connection: 2));
        Assert.Equal(HypercallStatus.InsufficientBuffers, TryPost(17));
        for (int message = 0; message <= 16; message++)
        {
            Assert.Equal(message, Take().Number);
            Synic.WriteMsr(SynicMsr.Eom, 0);
        }
        Assert.Equal(0x22u, Slot.Header.Port);
        Assert.Equal((100, false), Take());
    }

    [Theory]
    [InlineData(SynicMsr.Scontrol, 0ul)]
    [InlineData(SynicMsr.Simp, 0ul)]
    [InlineData(SynicMsr.Sint0 + TestPartitions.Sint, 0x10040ul)]
    public void A_target_that_is_off_refuses_posts_and_keeps_what_was_posted(uint msr, ulong off)
    {
        Post(1);
        Post(2);
        ulong on = Synic.ReadMsr(msr);
        Take();
        Synic.WriteMsr(msr, off);
        Assert.Equal(HypercallStatus.InvalidSynicState, TryPost(3));
        Assert.Equal(1, Interrupts);

        Synic.WriteMsr(msr, on);
        Assert.Equal((2, false), Take());
        Assert.Equal(2, Interrupts);
    }

    [Fact]
    public void The_event_flags_page_does_not_matter_to_messages()
    {
        Synic.WriteMsr(SynicMsr.Siefp, 0);

        Post(1);
    }

    [Fact]
    public void A_polled_SINT_gets_its_message_and_no_interrupt()
    {
        Synic.WriteMsr(SynicMsr.Sint0 + TestPartitions.Sint, SynicSint.Unmasked(0, polling: true).Value);
        Post(1);

        Assert.Equal((1, false), Take());
        Assert.Equal(0, Interrupts);
    }

    [Fact]
    public void Messages_of_a_deleted_port_are_lost_unless_they_are_in_the_slot()
    {
        Post(1);
        Post(2);
        _partitions.Root.DeletePort(0x21);

        Assert.Equal(HypercallStatus.InvalidPortId, TryPost(3));
        Assert.Equal((1, true), Take());
        Synic.WriteMsr(SynicMsr.Eom, 0);
        Assert.Equal(SynicMessageType.None, Slot.Header.MessageType);
    }

    [Fact]
    public void Messages_posted_through_a_severed_connection_arrive()
    {
        Post(1);
        Post(2);
        _partitions.Guest.Disconnect(Connection);
        Take();
        Synic.WriteMsr(SynicMsr.Eom, 0);

        Assert.Equal((2, false), Take());
    }

    [Fact]
    public void An_event_cannot_be_signalled_to_it() =>
        Assert.Equal(HypercallStatus.InvalidPortId, _partitions.Guest.HvSignalEvent(Connection));

    [Fact]
    public void A_direct_message_needs_a_free_slot()
    {
        Assert.Equal(HypercallStatus.Success, Direct(1));
        Assert.Equal(HypercallStatus.ObjectInUse, Direct(2));
        Assert.Equal((1, true), Take());
        Assert.Equal(HypercallStatus.Success, Direct(3));
        Assert.Equal(2, Interrupts);
    }

    // Four senders, one receiver that obeys the slot protocol: every message of a sender arrives, in its order.
    [Fact]
    public void No_message_is_lost_however_the_threads_meet()
    {
        const int Senders = 4, Messages = 20_000;
        var senders = new Background[Senders];
        for (int sender = 0; sender < Senders; sender++)
        {
            int from = sender;
            uint connection = (uint)(100 + sender);
            _partitions.Guest.Connect(connection, _partitions.Root.CreateMessagePort(connection, 0, TestPartitions.Sint));
            senders[sender] = Background.Run(() =>
            {
                for (int message = 0; message < Messages; message++)
                    Background.Until(() => TryPost(from << 24 | message, connection) == HypercallStatus.Success, $"message {message} of sender {from} is taken");
            });
        }

        int[] next = new int[Senders];
        for (int left = Senders * Messages; left > 0; left--)
        {
            while (Slot.Header.MessageType == SynicMessageType.None)
                Assert.True(Synic.Line(TestPartitions.Sint).Wait.Wait(Patience.Limit), $"{left} messages are missing.");
            (int number, bool more) = Take();
            if (more)
                Synic.WriteMsr(SynicMsr.Eom, 0);
            Assert.Equal(next[number >> 24]++, number & 0xFF_FFFF);
        }
        foreach (Background sender in senders)
            sender.Join();
    }

    // The slot is emptied in the very moment the next message finds it full, and no later post comes to the rescue.
    [Fact]
    public void A_slot_emptied_while_it_is_marked_is_filled_at_once()
    {
        const int Rounds = 100_000;
        Background sender = Background.Run(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                Post(2 * round);
                Post(2 * round + 1);
                Background.Until(() => _port.Delivered == 2 * round && Slot.Header.MessageType == SynicMessageType.None, "a round is received");
            }
        });

        for (int number = 2; number < 2 * Rounds + 2; number++)
        {
            Background.Until(() => Slot.Header.MessageType != SynicMessageType.None, "the next message arrives");
            // Sweeps the moment of emptying over the sender's look at the slot.
            for (int delay = number % 97; delay > 0; delay--)
                Volatile.Read(ref number);
            (int taken, bool more) = Take();
            if (more)
                Synic.WriteMsr(SynicMsr.Eom, 0);
            Assert.Equal(number, taken);
        }
        sender.Join();
    }

    private void Post(int number) => Assert.Equal(HypercallStatus.Success, TryPost(number));

    private HypercallStatus TryPost(int number, uint connection = Connection) =>
        _partitions.Guest.HvPostMessage(connection, SynicMessageType.Channel, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in number)));

    private HypercallStatus Direct(int number) =>
        _partitions.Root.HvPostMessageDirect(_partitions.Root, 0, TestPartitions.Sint, SynicMessageType.Channel, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in number)));

    // As a guest takes a message: copy, type none, fence, look at the mark.
    private (int Number, bool More) Take()
    {
        Assert.NotEqual(SynicMessageType.None, Slot.Header.MessageType);
        int number = (int)Slot.Payload[0];
        MessageSlot.Free(ref Slot.Header);
        return (number, (Slot.Header.MessageFlags & SynicMessageFlags.Pending) != 0);
    }
}
