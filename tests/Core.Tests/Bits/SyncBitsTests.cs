using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Core.Tests.Layout;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Bits;

public class SyncBitsTests
{
    private const int BitCount = 16384;

    public enum Operation
    {
        Set,
        Clear,
        Change,
        TestAndSet,
        TestAndClear,
        TestAndChange,
        Test,
        FindFirst,
        FindNext,
        Drain,
    }

    /// <summary>A few bits, often the same ones and often at the ends of words, so that operations meet.</summary>
    private static Arbitrary<(Operation Operation, int Index)[]> Programs(int count) =>
        (from operation in Gen.Elements(Enum.GetValues<Operation>())
         from index in Gen.OneOf(
             Gen.Choose(0, count - 1),
             Gen.Elements(new[] { 0, 1, 30, 31, 32, 33, 63, 64, 65, 127, 128, count - 1 }.Where(i => i < count)))
         select (operation, index)).ArrayOf().ToArbitrary();

    [Property(MaxTest = 400)]
    public Property Any_operations_on_words_of_64_bits_do_what_they_do_to_an_array_of_booleans() =>
        Prop.ForAll(Programs(192), program =>
        {
            var words = new ulong[3];
            var model = new bool[192];
            foreach ((Operation operation, int index) in program)
                Assert.Equal(OnModel(model, operation, index), On(words, operation, index));
            Assert.Equal(Bytes(model), MemoryMarshal.AsBytes<ulong>(words).ToArray());
        });

    [Property(MaxTest = 400)]
    public Property Any_operations_on_words_of_32_bits_do_what_they_do_to_an_array_of_booleans() =>
        Prop.ForAll(Programs(160), program =>
        {
            var words = new uint[5];
            var model = new bool[160];
            foreach ((Operation operation, int index) in program)
                Assert.Equal(OnModel(model, operation, index), On(words, operation, index));
            Assert.Equal(Bytes(model), MemoryMarshal.AsBytes<uint>(words).ToArray());
        });

    [Property(MaxTest = 400)]
    public Property Any_operations_on_one_word_of_64_bits_do_what_they_do_to_an_array_of_booleans() =>
        Prop.ForAll(Programs(64), program =>
        {
            ulong word = 0;
            var model = new bool[64];
            foreach ((Operation operation, int index) in program)
                Assert.Equal(OnModel(model, operation, index), On(ref word, operation, index));
            Assert.Equal(Bytes(model), BitConverter.GetBytes(word));
        });

    [Property(MaxTest = 400)]
    public Property Any_operations_on_one_word_of_32_bits_do_what_they_do_to_an_array_of_booleans() =>
        Prop.ForAll(Programs(32), program =>
        {
            uint word = 0;
            var model = new bool[32];
            foreach ((Operation operation, int index) in program)
                Assert.Equal(OnModel(model, operation, index), On(ref word, operation, index));
            Assert.Equal(Bytes(model), BitConverter.GetBytes(word));
        });

    [Property(MaxTest = 400)]
    public Property Both_word_sizes_agree_byte_for_byte() =>
        Prop.ForAll(Programs(BitCount), program =>
        {
            var narrow = new uint[BitCount / 32];
            var wide = new ulong[BitCount / 64];
            foreach ((Operation operation, int index) in program)
                Assert.Equal(On(narrow, operation, index), On(wide, operation, index));
            Assert.True(MemoryMarshal.AsBytes<uint>(narrow).SequenceEqual(MemoryMarshal.AsBytes<ulong>(wide)));
        });

    [Fact]
    public void Every_relid_is_bit_n_mod_8_of_byte_n_div_8_of_its_half_of_the_page()
    {
        using var page = new PageMemory();
        var view = new InterruptPageView(page.Address);
        for (int relid = 0; relid < BitCount; relid++)
        {
            SyncBits.Set(view.Send, relid);
            Assert.Equal(1 << relid % 8, page.Bytes[2048 + relid / 8]);
            Assert.Equal(relid, SyncBits.FindFirst(view.Send));
            Assert.True(SyncBits.TestAndClear(view.Send, relid));

            SyncBits.Set(MemoryMarshal.Cast<ulong, uint>(view.Receive), relid);
            Assert.Equal(1 << relid % 8, page.Bytes[relid / 8]);
            Assert.True(SyncBits.Test(view.Receive, relid));
            SyncBits.Clear(view.Receive, relid);
        }

        Assert.Equal(-1, page.Bytes.IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(31, 3, 0x80)]
    [InlineData(32, 4, 0x01)]
    [InlineData(33, 4, 0x02)]
    [InlineData(63, 7, 0x80)]
    [InlineData(64, 8, 0x01)]
    [InlineData(2047, 255, 0x80)]
    [InlineData(16383, 2047, 0x80)]
    public void The_relids_that_a_stride_of_64_bits_for_32_got_wrong_are_right(int relid, int at, byte bit)
    {
        var bits = new ulong[InterruptPage.WordsPerHalf];
        SyncBits.Set(bits, relid);
        Span<byte> bytes = MemoryMarshal.AsBytes(bits.AsSpan());
        Assert.Equal(bit, bytes[at]);
        bytes[at] = 0;
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void A_bit_outside_is_refused_and_nothing_is_touched(int index)
    {
        var narrow = new uint[2];
        var wide = new ulong[1];
        ulong word = 0;
        foreach (Operation operation in Enum.GetValues<Operation>().Except([Operation.FindFirst, Operation.FindNext, Operation.Drain]))
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => On(narrow, operation, index));
            Assert.Throws<ArgumentOutOfRangeException>(() => On(wide, operation, index));
            Assert.Throws<ArgumentOutOfRangeException>(() => On(ref word, operation, index));
            uint half = 0;
            Assert.Throws<ArgumentOutOfRangeException>(() => On(ref half, operation, index == 64 ? 32 : index));
            Assert.Equal(0u, half);
            Assert.Throws<ArgumentOutOfRangeException>(() => On(Array.Empty<uint>(), operation, index));
        }

        Assert.Equal(0ul, word | wide[0] | narrow[0] | narrow[1]);
    }

    [Fact]
    public void A_search_may_start_at_the_end_and_not_beyond()
    {
        var bits = new ulong[2];
        bits.AsSpan().Fill(ulong.MaxValue);
        Assert.Equal(127, SyncBits.FindNext(bits, 127));
        Assert.Equal(-1, SyncBits.FindNext(bits, 128));
        Assert.Equal(-1, SyncBits.FindNext(Span<uint>.Empty, 0));
        Assert.Throws<ArgumentOutOfRangeException>("from", () => SyncBits.FindNext(bits, 129));
        Assert.Throws<ArgumentOutOfRangeException>("from", () => SyncBits.FindNext(bits, -1));
        uint word = uint.MaxValue;
        Assert.Equal(-1, SyncBits.FindNext(ref word, 32));
        Assert.Throws<ArgumentOutOfRangeException>("from", () => SyncBits.FindNext(ref word, 33));
    }

    [Fact]
    public void A_drain_that_is_left_early_puts_back_what_it_did_not_yield()
    {
        ulong[] wide = [0b1011, 1ul << 63, 7];
        var yielded = new List<int>();
        foreach (int index in SyncBits.Drain(wide))
        {
            yielded.Add(index);
            if (yielded.Count == 2)
                break;
        }

        Assert.Equal([0, 1], yielded);
        Assert.Equal([0b1000, 1ul << 63, 7], wide);

        uint[] narrow = [0, 0xC0000001];
        Assert.Throws<InvalidOperationException>(() =>
        {
            foreach (int index in SyncBits.Drain(narrow))
                throw new InvalidOperationException($"at {index}");
        });
        Assert.Equal([0, 0xC0000000], narrow);
    }

    [Fact]
    public void A_drain_meets_bits_set_ahead_of_it_and_leaves_those_behind_it()
    {
        var bits = new ulong[3];
        SyncBits.Set(bits, 70);
        var yielded = new List<int>();
        foreach (int index in SyncBits.Drain(bits))
        {
            yielded.Add(index);
            if (index != 70)
                continue;
            SyncBits.Set(bits, 3);
            SyncBits.Set(bits, 70);
            SyncBits.Set(bits, 130);
        }

        Assert.Equal([70, 130], yielded);
        Assert.Equal([1ul << 3, 1ul << 6, 0], bits);
    }

    [Fact]
    public void A_drain_does_not_write_to_words_that_are_zero()
    {
        // A page that may not be written would fault: a span over constant data stands for it.
        ReadOnlySpan<ulong> constant = [0, 0, 0, 0];
        Span<ulong> unwritable = MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(constant), constant.Length);
        foreach (int index in SyncBits.Drain(unwritable))
            Assert.Fail($"found {index}");
        foreach (int index in SyncBits.Drain(MemoryMarshal.Cast<ulong, uint>(unwritable)))
            Assert.Fail($"found {index}");
    }

    [Fact]
    public void Nothing_allocates()
    {
        var bits = new ulong[4];
        Assert.Equal(0, Allocations.Of(() => Assert.True(Program(bits) == 200 + 3 + 77)));

        static int Program(ulong[] bits)
        {
            SyncBits.Set(bits, 200);
            SyncBits.Change(bits, 3);
            SyncBits.TestAndSet(MemoryMarshal.Cast<ulong, uint>(bits.AsSpan()), 77);
            int sum = 0;
            foreach (int index in SyncBits.Drain(bits))
                sum += index;
            return sum;
        }
    }

    private static string OnModel(bool[] model, Operation operation, int index)
    {
        bool before = model[index];
        switch (operation)
        {
            case Operation.Set or Operation.TestAndSet:
                model[index] = true;
                break;
            case Operation.Clear or Operation.TestAndClear:
                model[index] = false;
                break;
            case Operation.Change or Operation.TestAndChange:
                model[index] = !before;
                break;
            case Operation.FindFirst:
                return $"{Array.IndexOf(model, true)}";
            case Operation.FindNext:
                return $"{Array.IndexOf(model, true, index)}";
            case Operation.Drain:
                string all = string.Join(',', Enumerable.Range(0, model.Length).Where(i => model[i]));
                Array.Clear(model);
                return all;
        }

        return operation is Operation.Set or Operation.Clear or Operation.Change ? "" : $"{before}";
    }

    private static byte[] Bytes(bool[] model)
    {
        var bytes = new byte[model.Length / 8];
        for (int i = 0; i < model.Length; i++)
            bytes[i / 8] |= (byte)(model[i] ? 1 << i % 8 : 0);
        return bytes;
    }

    private static string Nothing(Action action)
    {
        action();
        return "";
    }

    private static string All<T>(BitDrain<T> drain) where T : unmanaged, System.Numerics.IBinaryInteger<T>
    {
        var all = new List<int>();
        foreach (int index in drain)
            all.Add(index);
        return string.Join(',', all);
    }

    private static string On(ulong[] bits, Operation operation, int index) => operation switch
    {
        Operation.Set => Nothing(() => SyncBits.Set(bits, index)),
        Operation.Clear => Nothing(() => SyncBits.Clear(bits, index)),
        Operation.Change => Nothing(() => SyncBits.Change(bits, index)),
        Operation.TestAndSet => $"{SyncBits.TestAndSet(bits, index)}",
        Operation.TestAndClear => $"{SyncBits.TestAndClear(bits, index)}",
        Operation.TestAndChange => $"{SyncBits.TestAndChange(bits, index)}",
        Operation.Test => $"{SyncBits.Test(bits, index)}",
        Operation.FindFirst => $"{SyncBits.FindFirst(bits)}",
        Operation.FindNext => $"{SyncBits.FindNext(bits, index)}",
        _ => All(SyncBits.Drain(bits)),
    };

    private static string On(uint[] bits, Operation operation, int index) => operation switch
    {
        Operation.Set => Nothing(() => SyncBits.Set(bits, index)),
        Operation.Clear => Nothing(() => SyncBits.Clear(bits, index)),
        Operation.Change => Nothing(() => SyncBits.Change(bits, index)),
        Operation.TestAndSet => $"{SyncBits.TestAndSet(bits, index)}",
        Operation.TestAndClear => $"{SyncBits.TestAndClear(bits, index)}",
        Operation.TestAndChange => $"{SyncBits.TestAndChange(bits, index)}",
        Operation.Test => $"{SyncBits.Test(bits, index)}",
        Operation.FindFirst => $"{SyncBits.FindFirst(bits)}",
        Operation.FindNext => $"{SyncBits.FindNext(bits, index)}",
        _ => All(SyncBits.Drain(bits)),
    };

    private static string On(ref ulong word, Operation operation, int index)
    {
        switch (operation)
        {
            case Operation.Set:
                SyncBits.Set(ref word, index);
                return "";
            case Operation.Clear:
                SyncBits.Clear(ref word, index);
                return "";
            case Operation.Change:
                SyncBits.Change(ref word, index);
                return "";
            default:
                return operation switch
                {
                    Operation.TestAndSet => $"{SyncBits.TestAndSet(ref word, index)}",
                    Operation.TestAndClear => $"{SyncBits.TestAndClear(ref word, index)}",
                    Operation.TestAndChange => $"{SyncBits.TestAndChange(ref word, index)}",
                    Operation.Test => $"{SyncBits.Test(ref word, index)}",
                    Operation.FindFirst => $"{SyncBits.FindFirst(ref word)}",
                    Operation.FindNext => $"{SyncBits.FindNext(ref word, index)}",
                    _ => All(SyncBits.Drain(ref word)),
                };
        }
    }

    private static string On(ref uint word, Operation operation, int index)
    {
        switch (operation)
        {
            case Operation.Set:
                SyncBits.Set(ref word, index);
                return "";
            case Operation.Clear:
                SyncBits.Clear(ref word, index);
                return "";
            case Operation.Change:
                SyncBits.Change(ref word, index);
                return "";
            default:
                return operation switch
                {
                    Operation.TestAndSet => $"{SyncBits.TestAndSet(ref word, index)}",
                    Operation.TestAndClear => $"{SyncBits.TestAndClear(ref word, index)}",
                    Operation.TestAndChange => $"{SyncBits.TestAndChange(ref word, index)}",
                    Operation.Test => $"{SyncBits.Test(ref word, index)}",
                    Operation.FindFirst => $"{SyncBits.FindFirst(ref word)}",
                    Operation.FindNext => $"{SyncBits.FindNext(ref word, index)}",
                    _ => All(SyncBits.Drain(ref word)),
                };
        }
    }
}
